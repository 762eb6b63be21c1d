// How sure a difference is, without assuming a shape: draw runs again from the runs there are, and see how the figure
// spreads (B. Efron, Bootstrap methods: another look at the jackknife, Annals of Statistics 7, 1979; the percentile
// interval of Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). Seeded, so equal in, equal out.

import { seededRandom } from '../../gateway/runtime.ts'
import { mean, percentileOfSorted } from '../judging/statistics.ts'

export const resamples = 10_000
/** 90 %: both ends inside the bounds is the two one-sided tests of equivalence at 5 % (Schuirmann, 1987). */
export const level = 0.9

/** A figure with its interval. */
export interface Estimate { value: number; low: number; high: number }

export function median(values: ArrayLike<number>): number {
  return percentileOfSorted(Float64Array.from(values).sort(), 50)
}

/** Of the subject's median to the reference's; both sides at least one value, the reference's above nought. */
export function ratioOfMedians(subject: readonly number[], reference: readonly number[], seed: number): Estimate {
  return estimate(subject, reference, seed, (a, b) => median(a) / median(b))
}

export function differenceOfMedians(subject: readonly number[], reference: readonly number[], seed: number): Estimate {
  return estimate(subject, reference, seed, (a, b) => median(a) - median(b))
}

export function differenceOfMeans(subject: readonly number[], reference: readonly number[], seed: number): Estimate {
  return estimate(subject, reference, seed, (a, b) => mean(a) - mean(b))
}

function estimate(
  subject: readonly number[], reference: readonly number[], seed: number, statistic: (a: ArrayLike<number>, b: ArrayLike<number>) => number,
): Estimate {
  const random = seededRandom(seed)
  const [a, b] = [new Float64Array(subject.length), new Float64Array(reference.length)]
  const draw = (from: readonly number[], into: Float64Array): void => {
    for (let i = 0; i < into.length; i++) into[i] = from[Math.floor(random.next() * from.length)]
  }
  const drawn = Float64Array.from({ length: resamples }, () => {
    draw(subject, a)
    draw(reference, b)
    return statistic(a, b)
  }).sort()
  const tail = (100 * (1 - level)) / 2
  return { value: statistic(subject, reference), low: percentileOfSorted(drawn, tail), high: percentileOfSorted(drawn, 100 - tail) }
}
