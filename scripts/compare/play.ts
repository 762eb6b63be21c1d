// Plays every variant once a round with the same seed, the first one twice: its second run is the control. The order
// rotates from round to round, so that whatever drifts on the machine meets all of them alike.

import { join } from 'node:path'
import { variantName, type VariantRuns } from '../../scenarios/compare/compare.ts'
import { variantRun, type VariantRun } from '../../scenarios/compare/variant-run.ts'
import type { Scenario } from '../../scenarios/scenario.ts'
import type { RunRequest } from '../../scenarios/run.ts'
import type { RunRecord } from '../../scenarios/run-record.ts'
import type { Topology } from '../../topologies/topology.ts'
import { inWords, playJudged, whileCrowded } from '../played.ts'
import { placeOf } from './place.ts'

/** One mesh and gateway, as it is to be played. */
export interface Contender {
  gateway: string
  /** Word of the mesh. */
  mesh: string
  /** With that mesh. */
  scenario: Scenario
  /** How to do one run of it again. */
  command(seed: number): string
}

export interface CompareRequest {
  /** The first is what the others are compared with. */
  contenders: readonly Contender[]
  topology: Topology
  rounds: number
  /** Repeats a variant. */
  retries: number
  seed: number
  /** Run folders go below `runs/` in it. */
  folder: string
  run: Pick<RunRequest, 'substrate' | 'tools'> & { clusters: RunRequest['options']['clusters'] }
  signal: AbortSignal
  say(text: string): void
}

export interface PlayedVariants { variants: VariantRuns[]; records: RunRecord[] }

/** First, control, the others. Gives what there is when it is interrupted. */
export async function playVariants(request: CompareRequest): Promise<PlayedVariants> {
  const { contenders: [first, ...others], rounds, signal } = request
  const slots = [{ contender: first, again: false }, { contender: first, again: true }, ...others.map((contender) => ({ contender, again: false }))]
  const played: PlayedVariants = { variants: slots.map(({ contender: { gateway, mesh }, again }) => ({ gateway, mesh, again, runs: [] })), records: [] }
  for (let round = 1; round <= rounds; round++) {
    for (const [turn, at] of orderOf(slots.length, round).entries()) {
      if (signal.aborted) return played
      await playSlot(request, slots[at], round, played.variants[at].runs, played.records, `${(round - 1) * slots.length + turn + 1}/${rounds * slots.length}`)
    }
  }
  return played
}

/** Positions of the slots, first, control and others, in a round: the control comes last of the first round, then all move on. */
export function orderOf(slots: number, round: number): number[] {
  const order = [0, ...Array.from({ length: slots - 2 }, (_, index) => index + 2), 1]
  return order.map((_, index) => order[(index + round - 1) % slots])
}

async function playSlot(
  request: CompareRequest, { contender, again }: { contender: Contender; again: boolean }, round: number, runs: VariantRun[], records: RunRecord[], number: string,
): Promise<void> {
  const seed = request.seed + round - 1
  const { substrate } = request.run
  await whileCrowded({
    runs, retries: substrate.time === 'real' ? request.retries : 0, signal: request.signal,
    async play(repeat) {
      const place = placeOf(contender, round, again, repeat)
      const { record, history, verdict } = await playJudged({
        scenario: contender.scenario, topology: request.topology, seed, substrate, tools: request.run.tools, signal: request.signal,
        runDir: join(request.folder, place.folder), options: { gateway: contender.gateway, clusters: request.run.clusters }, command: contender.command(seed),
      })
      records.push(record)
      return variantRun(record, history, verdict, place)
    },
    told: (run, repeats) => request.say(`${number} ${variantName(contender, request.contenders)}${again ? ' (again)' : ''}, seed ${seed}: ${outcome(run)}${repeats ? '; again' : ''}`),
  })
}

function outcome(run: VariantRun): string {
  return run.error === null ? `${run.verdict}, ${inWords(run)}` : `${run.error.code}: ${run.error.message}`
}
