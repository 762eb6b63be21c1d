// Adds up trials in the order of their seeds, whatever the order in which they end, so that a search that stops at
// the first violation stops at the same run with any number of workers.

import { addTraces, seedsShown, type ViolationCount } from './result.ts'
import type { TrialResult } from './trial.ts'

export interface Tally {
  /** Result of run number `ordinal`. */
  add(ordinal: number, result: TrialResult): void
  /** Adds up what waits behind a gap that will never be filled, because the search was interrupted. */
  settle(): void
  /** Runs added up: all before the first gap, none after the first violation unless the search goes on. */
  readonly runs: number
  /** No run with this ordinal or a later one will count. */
  readonly end: number
  readonly requests: number
  readonly events: number
  readonly virtualUs: number
  readonly traces: string
  violations(): ViolationCount[]
  /** For each broken invariant, in the order of their names, the first run that broke it. */
  first(): Map<string, TrialResult>
}

export function openTally(keepGoing: boolean): Tally {
  const waiting = new Map<number, TrialResult>()
  const broken = new Map<string, { runs: number; seeds: number[]; first: TrialResult }>()
  const sums = { runs: 0, end: Infinity, requests: 0, events: 0, virtualUs: 0, traces: addTraces('', '') }
  const fold = (result: TrialResult): void => {
    sums.runs++
    sums.requests += result.requests
    sums.events += result.events
    sums.virtualUs += result.virtualUs
    sums.traces = addTraces(sums.traces, result.traceHash)
    for (const invariant of new Set(result.violations.map((violation) => violation.invariant))) {
      const known = broken.get(invariant) ?? { runs: 0, seeds: [], first: result }
      known.runs++
      if (known.seeds.length < seedsShown) known.seeds.push(result.seed)
      broken.set(invariant, known)
    }
  }
  const sorted = (): [string, { runs: number; seeds: number[]; first: TrialResult }][] => [...broken].sort(([a], [b]) => (a < b ? -1 : 1))
  return {
    add(ordinal, result) {
      if (result.violations.length > 0 && !keepGoing) sums.end = Math.min(sums.end, ordinal + 1)
      waiting.set(ordinal, result)
      for (let next = waiting.get(sums.runs); next !== undefined && sums.runs < sums.end; next = waiting.get(sums.runs)) {
        waiting.delete(sums.runs)
        fold(next)
      }
    },
    settle() {
      for (const [ordinal, result] of [...waiting].sort(([a], [b]) => a - b)) if (ordinal < sums.end) fold(result)
      waiting.clear()
    },
    get runs() { return sums.runs },
    get end() { return sums.end },
    get requests() { return sums.requests },
    get events() { return sums.events },
    get virtualUs() { return sums.virtualUs },
    get traces() { return sums.traces },
    violations: () => sorted().map(([invariant, { runs, seeds }]) => ({ invariant, runs, seeds })),
    first: () => new Map(sorted().map(([invariant, { first }]) => [invariant, first])),
  }
}
