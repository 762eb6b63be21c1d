// The search itself: trials of one seed after the other over the pool until enough is known, then the shrinking of
// what was found. No clock and no file: whoever calls it says when time is up and keeps the result.

import { CodedError } from '../../gateway/errors.ts'
import type { Pool } from '../workers/pool.ts'
import { applied, type Candidate } from './candidate.ts'
import { findingScenario } from './finding.ts'
import { searchVersion, type Finding, type SearchAsked, type SearchResult, type Shard } from './result.ts'
import { runsOf, seedOf } from './shard.ts'
import { shrink } from './shrink.ts'
import { openTally, type Tally } from './tally.ts'
import type { TrialGround, TrialJob, TrialResult } from './trial.ts'

export interface SearchRequest {
  asked: SearchAsked
  ground: TrialGround
  shard: Shard
  pool: Pool<TrialJob, TrialResult>
  /** Aborts the pool as well. */
  signal: AbortSignal
  /** Asked before each run: enough time was spent, begin no more. */
  timeIsUp(): boolean
  /** Replays that shrinking one finding may take. */
  replays: number
  /** Folder that the files of findings will lie in, for the paths in them. */
  folder: string
  onTrial?(result: TrialResult, tally: Tally): void
  onShrink?(invariant: string, replays: number, held: Candidate): void
}

export type SearchOutcome = Omit<SearchResult, 'took' | 'watched' | 'unwatched' | 'limits'>

/** Rejects with the coded error of a trial that could not be played at all. When interrupted it gives what was done. */
export async function search(request: SearchRequest): Promise<SearchOutcome> {
  const { asked, shard, signal } = request
  const tally = openTally(asked.keepGoing)
  let ended: SearchResult['ended']
  try {
    ended = await playAll(request, tally)
  } catch (error) {
    if (!signal.aborted) throw error
    ended = 'interrupted'
    tally.settle()
  }
  const findings: Finding[] = []
  for (const [invariant, result] of tally.first()) {
    if (signal.aborted) ended = 'interrupted'
    findings.push(await findingOf(request, invariant, result))
  }
  if (signal.aborted) ended = 'interrupted'
  const { runs, requests, events, virtualUs, traces } = tally
  return {
    apiVersion: searchVersion, kind: 'Search', asked, shards: [shard], ended,
    runs, requests, events, virtualUs, traces, violations: tally.violations(), findings,
  }
}

const noScenario: ReadonlySet<string> = new Set(['RGT_SCENARIO_TIMELINE', 'RGT_SCENARIO_REFERENCE'])

/** Each thread has the next job waiting, so that none is idle between two. */
const jobsAThread = 2

async function playAll({ asked, shard, pool, timeIsUp, onTrial }: SearchRequest, tally: Tally): Promise<SearchResult['ended']> {
  const mine = runsOf(shard, asked.runs) ?? Infinity
  let next = 0
  let outOfTime = false
  let broken = false
  const lane = async (): Promise<void> => {
    while (next < Math.min(mine, tally.end) && !broken) {
      if (timeIsUp()) {
        outOfTime = true
        return
      }
      const ordinal = next++
      try {
        const result = await pool.run({ seed: seedOf(shard, asked.seed, ordinal), candidate: null })
        tally.add(ordinal, result)
        onTrial?.(result, tally)
      } catch (error) {
        broken = true
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: pool.size * jobsAThread }, lane))
  if (tally.end < Infinity) return 'found'
  return outOfTime ? 'time' : 'complete'
}

async function findingOf({ asked, ground, pool, signal, replays: budget, folder, onShrink }: SearchRequest, invariant: string, { seed, candidate: drawn, violations }: TrialResult): Promise<Finding> {
  const breaks = ({ violations: found }: TrialResult): boolean => found.some((violation) => violation.invariant === invariant)
  const replayed = async (candidate: Candidate): Promise<TrialResult | null> => {
    try {
      return await pool.run({ seed, candidate })
    } catch (error) {
      // A schedule that is no scenario any more breaks nothing.
      if (error instanceof CodedError && noScenario.has(error.code)) return null
      throw error
    }
  }
  const { candidate, replays, minimal } = signal.aborted ? { candidate: drawn, replays: 0, minimal: false } : await shrink(drawn, {
    budget, signal,
    fails: async (one) => {
      const result = await replayed(one)
      return result !== null && breaks(result)
    },
    onReplay: (count, held) => onShrink?.(invariant, count, held),
  })
  // Once more, for what the smallest one says.
  const result = await replayed(candidate).catch((error: unknown) => {
    if (signal.aborted) return null
    throw error
  })
  const said = (result?.violations ?? violations).find((violation) => violation.invariant === invariant)
  const about = { invariant, seed, text: said?.text ?? '', atUs: said?.atUs ?? 0, drawn: drawn.method.length, faults: candidate.method.length, replays, minimal }
  return {
    ...about, method: candidate.method, loadShare: candidate.loadShare, traceHash: result?.traceHash ?? '',
    ...findingScenario({ scenario: applied(ground.scenario, candidate), asked, about, folder }),
  }
}
