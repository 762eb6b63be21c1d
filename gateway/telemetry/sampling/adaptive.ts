// A budget of spans a second, divided among the keys of a policy by max-min fairness: who needs less than a fair share is kept
// whole, the rest is divided evenly (Bertsekas and Gallager, Data Networks, section 6.5.2). Rates follow from averages of
// arrivals and of spans a trace; a burst acts at once; what the averages get wrong is paid back from an account.

import { At, setRate, spansPerTrace, type Row, type Sampler, type SamplingGroup } from './rate.ts'

type Settings = Extract<SamplingGroup['sampler'], { kind: 'adaptive' }>

/** Plans are made about every quarter of a second. */
const quarterS = 0.25
const fastS = 0.5
/** A burst counts for as long after its last quarter. */
const burstHoldS = 1
/** In windows of budget: what may be saved for later, and what is remembered of spans too many. */
const creditWindows = 1
const debtWindows = 4

export const adaptive: Sampler = {
  start(row, group) {
    const { spansPerSecond, burst } = settingsOf(group)
    const share = spansPerSecond / group.rows.length
    expect(row, (share / spansPerTrace(row)) * quarterS, burst)
    return row[At.Demand] > share ? share / row[At.Demand] : 1
  },

  plan(group, seconds) {
    const settings = settingsOf(group)
    const windowS = settings.windowMs / 1000
    let spent = 0
    for (const row of group.rows) {
      spent += row[At.QuarterCalm] * spansPerTrace(row)
      learn(row, seconds, windowS, settings.burst)
    }
    const budget = settings.spansPerSecond
    group.balance = clamp(group.balance + budget * seconds - spent, -debtWindows * windowS * budget, creditWindows * windowS * budget)
    divide(group.rows, clamp(budget + group.balance / windowS, budget / 4, budget * 2), settings.burst)
  },
}

/**
 * More of a quarter's arrivals have come than a burst takes: what was expected is now so far exceeded that the rate falls at once,
 * in proportion, and again at twice as many. Returns whether it was a burst (not a plan that is late).
 */
export function tripped(row: Row, sinceS: number, burst: number): boolean {
  const late = sinceS > 2 * quarterS ? sinceS / quarterS : 1
  if (row[At.QuarterArrivals] < row[At.Expected] * late * burst) {
    row[At.Trip] = row[At.Expected] * late * burst
    return false
  }
  const factor = row[At.Calm] === 0 ? 1 : row[At.Probability] / row[At.Calm]
  setRate(row, row[At.Calm] * Math.min(1, Math.max(1 / burst, (row[At.Expected] * late) / row[At.QuarterArrivals])), factor)
  row[At.Trip] = 2 * row[At.QuarterArrivals]
  return true
}

function learn(row: Row, seconds: number, windowS: number, burst: number): void {
  const fading = Math.exp(-seconds / windowS)
  const usual = row[At.Seconds] > 0 ? (row[At.Arrivals] / row[At.Seconds]) * seconds : row[At.QuarterArrivals]
  row[At.Arrivals] = row[At.Arrivals] * fading + row[At.QuarterArrivals]
  row[At.Seconds] = row[At.Seconds] * fading + seconds
  row[At.Spans] = row[At.Spans] * fading + row[At.QuarterSpans]
  row[At.Traces] = row[At.Traces] * fading + row[At.QuarterTraced]
  const rate = row[At.Arrivals] / row[At.Seconds]
  row[At.FastRate] += (row[At.QuarterArrivals] / seconds - row[At.FastRate]) * (1 - Math.exp(-seconds / fastS))
  const isBurst = row[At.QuarterArrivals] > burstOf(usual, burst) || row[At.FastRate] > burstOf(rate, burst)
  row[At.BurstS] = isBurst ? burstHoldS : Math.max(0, row[At.BurstS] - seconds)
  const inForce = row[At.BurstS] > 0 ? Math.max(rate, row[At.FastRate], row[At.QuarterArrivals] / seconds) : rate
  row[At.Demand] = inForce * spansPerTrace(row)
}

function divide(rows: readonly Row[], allowance: number, burst: number): void {
  const level = fairLevel(rows, allowance)
  let spare = 0
  if (level === Number.POSITIVE_INFINITY) {
    spare = allowance
    for (const row of rows) spare -= row[At.Demand]
  }
  for (const row of rows) {
    const demand = row[At.Demand]
    row[At.Calm] = demand <= level ? 1 : level / demand
    const allowed = demand > level ? demand : spare > 0 ? demand + spare : Math.min(level, allowance)
    expect(row, (allowed / spansPerTrace(row)) * quarterS, burst)
  }
}

/**
 * The level L at which the sum of min(demand, L) is the allowance; infinite when all demands fit. Fills from the bottom: each
 * round finds who needs no more than an even share of what the rounds before left.
 */
function fairLevel(rows: readonly Row[], allowance: number): number {
  let level = allowance / rows.length
  for (let whole = -1; ;) {
    let left = allowance
    let open = rows.length
    for (const row of rows) {
      if (row[At.Demand] > level) continue
      left -= row[At.Demand]
      open--
    }
    if (open === 0) return Number.POSITIVE_INFINITY
    if (rows.length - open === whole) return level
    whole = rows.length - open
    level = left / open
  }
}

function expect(row: Row, arrivals: number, burst: number): void {
  row[At.Expected] = arrivals
  row[At.Trip] = burstOf(arrivals, burst)
}

/** More than `burst` times the expected, and more than chance makes of few (four standard deviations of a Poisson count). */
function burstOf(expected: number, burst: number): number {
  return Math.max(burst * expected, expected + 4 * Math.sqrt(expected) + 2)
}

function settingsOf(group: SamplingGroup): Settings {
  if (group.sampler.kind !== 'adaptive') throw new TypeError(`${group.policy} is not adaptive`)
  return group.sampler
}

function clamp(value: number, from: number, to: number): number {
  return Math.min(to, Math.max(from, value))
}
