// When two variants are told apart: by an interval over rounds that leaves equality out, and by more than the first
// variant differs from itself, played again in every round. Without that control drift and noise of a machine pass for
// differences (an A/A test; R. Kohavi, D. Tang and Y. Xu, Trustworthy Online Controlled Experiments, 2020, chapter 19).

import { differenceOfMedians, median, ratioOfMedians, type Estimate } from '../parity/bootstrap.ts'

/** Equal runs, equal intervals. */
const bootstrapSeed = 20_260_101

/** One value has no spread. */
export const leastRuns = 2

export interface Three {
  subject: readonly number[]
  first: readonly number[]
  /** The first variant, played again. */
  control: readonly number[]
}

export type Apart = {
  told: 'more' | 'less' | 'not-apart'
  /** Subject to first, or subject less first. */
  estimate: Estimate
  /** As far as the control goes: a factor of at least 1, or a difference of at least 0. */
  controlReach: number
} | { told: 'not-compared'; why: string }

/** As the factor between medians; for times, all of them above 0. Closer than `resolution` is not told apart. */
export function apartByRatio(three: Three, resolution = 0): Apart {
  const few = tooFew(three)
  if (few !== null) return few
  const { subject, first, control } = three
  const estimate = ratioOfMedians(subject, first, bootstrapSeed)
  const { low, high } = ratioOfMedians(control, first, bootstrapSeed)
  const controlReach = Math.max(1, high, 1 / low)
  const beyond = Math.max(estimate.value, 1 / estimate.value) > controlReach && Math.abs(median(subject) - median(first)) >= resolution
  return { told: !beyond ? 'not-apart' : estimate.low > 1 ? 'more' : estimate.high < 1 ? 'less' : 'not-apart', estimate, controlReach }
}

/** As the difference between medians; for counts, which may be 0. */
export function apartByDifference(three: Three): Apart {
  const few = tooFew(three)
  if (few !== null) return few
  const { subject, first, control } = three
  const estimate = differenceOfMedians(subject, first, bootstrapSeed)
  const { low, high } = differenceOfMedians(control, first, bootstrapSeed)
  const controlReach = Math.max(0, high, -low)
  const beyond = Math.abs(estimate.value) > controlReach
  return { told: !beyond ? 'not-apart' : estimate.low > 0 ? 'more' : estimate.high < 0 ? 'less' : 'not-apart', estimate, controlReach }
}

function tooFew({ subject, first, control }: Three): Extract<Apart, { told: 'not-compared' }> | null {
  const short = Object.entries({ 'this variant': subject, 'the first variant': first, 'the control': control }).find(([, { length }]) => length < leastRuns)
  return short === undefined ? null : { told: 'not-compared', why: `${short[0]} has ${short[1].length} of at least ${leastRuns} values` }
}
