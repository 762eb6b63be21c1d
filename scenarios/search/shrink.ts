// From a fault schedule that breaks an invariant to the smallest one found that still does, each tried by replaying it
// with the same seed. What is tried and in which order never depends on how many workers there are.

import { ddmin } from './ddmin.ts'
import type { Candidate } from './candidate.ts'
import type { FaultBlock } from '../scenario.ts'
import { aspectsOf } from './simplify.ts'

export interface ShrinkOptions {
  /** Does it still break the same invariant? Called for several at once. */
  fails(candidate: Candidate): Promise<boolean>
  /** Replays at most. */
  budget: number
  /** When it aborts, what is held so far is given back. */
  signal: AbortSignal
  /** After each batch of replays. */
  onReplay?(replays: number, held: Candidate): void
}

export interface Shrunk {
  candidate: Candidate
  replays: number
  /** true: nothing simpler that was thought of fails; false: it was ended before that was known. */
  minimal: boolean
}

/** Replays that go on side by side: a constant, so that the same ones are spent with any number of workers. */
const batch = 4

/** `start` must fail. */
export async function shrink(start: Candidate, options: ShrinkOptions): Promise<Shrunk> {
  const known = new Map<string, boolean>([[JSON.stringify(start), true]])
  let held = start
  let replays = 0
  let exhausted = false

  const firstFailing = async (candidates: readonly Candidate[]): Promise<number> => {
    for (let from = 0; from < candidates.length; from += batch) {
      const some = candidates.slice(from, from + batch)
      const fresh = [...new Map(some.map((one) => [JSON.stringify(one), one])).entries()].filter(([key]) => !known.has(key))
      const allowed = fresh.slice(0, options.budget - replays)
      exhausted ||= allowed.length < fresh.length
      replays += allowed.length
      await Promise.all(allowed.map(async ([key, one]) => known.set(key, await options.fails(one))))
      if (allowed.length > 0) options.onReplay?.(replays, held)
      const found = some.findIndex((one) => known.get(JSON.stringify(one)) === true)
      if (found >= 0) return from + found
      if (exhausted) return -1
    }
    return -1
  }
  const withMethod = (method: readonly FaultBlock[]): Candidate => ({ ...held, method: [...method] })

  const toTheEnd = async (): Promise<void> => {
    for (let before: Candidate | null = null; held !== before && !exhausted;) {
      held = withMethod(await ddmin(held.method, (parts) => firstFailing(parts.map(withMethod))))
      before = held
      for (const aspect of aspectsOf(held.method.length)) {
        for (let found = 0; found >= 0 && !exhausted;) {
          const proposals = aspect(held)
          found = await firstFailing(proposals)
          if (found >= 0) held = proposals[found]
        }
      }
    }
  }
  try {
    await toTheEnd()
  } catch (error) {
    if (!options.signal.aborted) throw error
    exhausted = true
  }
  return { candidate: held, replays, minimal: !exhausted }
}
