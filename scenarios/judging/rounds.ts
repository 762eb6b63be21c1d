// What one block cost against another of its round, and how sure the ratio is: rounds are drawn again with replacement, whole,
// so that what drifts in a machine stays inside a pair (paired bootstrap of a ratio of sums; Efron and Tibshirani, An
// Introduction to the Bootstrap, 1993, chapters 10 and 13; the percentile interval at 95 %).

import { seededRandom } from '../../gateway/runtime.ts'
import type { Estimate } from '../parity/bootstrap.ts'
import { percentileOfSorted } from './statistics.ts'

/** Costs a request of one round. */
export interface Round { round: number; off: number; all: number; subject: number }

export const leastRounds = 5
/** Half the 95 % interval may be so wide, as a share of what tracing everything costs. */
export const widestHalf = 0.1
const resamples = 10_000
/** Equal runs, equal intervals. */
const seed = 20_260_701

/** (subject - off) / (all - off), over all rounds. NaN when tracing everything costs nothing that can be measured. */
export function shareOf(rounds: readonly Round[]): number {
  let [above, below] = [0, 0]
  for (const { off, all, subject } of rounds) {
    above += subject - off
    below += all - off
  }
  return below > 0 ? above / below : Number.NaN
}

/** Null when there is no round, or too often no cost of tracing everything shows in what is drawn. */
export function shareWithInterval(rounds: readonly Round[]): Estimate | null {
  const value = shareOf(rounds)
  if (Number.isNaN(value)) return null
  const random = seededRandom(seed)
  const drawn = Float64Array.from({ length: resamples }, () => shareOf(rounds.map(() => rounds[Math.floor(random.next() * rounds.length)])))
  const known = drawn.filter((share) => !Number.isNaN(share)).sort()
  // A resample whose cost of tracing everything is nought or less bounds nothing.
  if (known.length < resamples * 0.975) return null
  return { value, low: percentileOfSorted(known, 2.5), high: percentileOfSorted(known, 97.5) }
}

/** Rounds that would bring the interval within the bound: it narrows with the square root of their number. */
export function roundsFor({ low, high }: Estimate, rounds: number): number {
  return Math.max(leastRounds, Math.ceil(rounds * ((high - low) / 2 / widestHalf) ** 2))
}
