// Traffic that swings: a stream's clock runs faster in the high season and slower in the low one, and its arrivals are even
// (or Poisson) by that clock. So a season changes when an arrival is due, and nothing else of it.
//
//   rate(t) = mean x (1 + swing x sin(2 pi t / period)); its integral over mean is the clock.

export interface Season {
  periodUs: number
  /** 0 to 1: share of the mean by which the rate rises and falls. */
  swing: number
}

/** Arrivals between nought and `atUs` at a mean of one a microsecond: the integral of the rate. */
export function seasonClock({ periodUs, swing }: Season, atUs: number): number {
  const whole = Math.floor(atUs / periodUs) * periodUs
  return whole + withinPeriod(atUs - whole, periodUs, swing)
}

/**
 * When the clock shows `clockUs`: the inverse of the integral, by which arrivals of any rate are made of even ones
 * (Cinlar, Introduction to Stochastic Processes, 1975, section 4.7). Newton's method, held to an interval that halves where
 * the rate is nought (swing 1); within a hundredth of a microsecond.
 */
export function atSeasonClock({ periodUs, swing }: Season, clockUs: number): number {
  const whole = Math.floor(clockUs / periodUs) * periodUs
  const wanted = clockUs - whole
  // The clock is never behind, and at most this much ahead.
  let low = Math.max(0, wanted - (swing * periodUs) / Math.PI)
  let high = wanted
  let atUs = wanted
  while (high - low > toleranceUs) {
    const behind = withinPeriod(atUs, periodUs, swing) - wanted
    if (behind > 0) high = atUs
    else low = atUs
    if (Math.abs(behind) <= toleranceUs * 1e-3) break
    const next = atUs - behind / rateAt(atUs, periodUs, swing)
    atUs = next > low && next < high ? next : (low + high) / 2
  }
  return whole + atUs
}

const toleranceUs = 0.01

function withinPeriod(atUs: number, periodUs: number, swing: number): number {
  return atUs + (swing * periodUs / (2 * Math.PI)) * (1 - Math.cos((2 * Math.PI * atUs) / periodUs))
}

/** As a share of the mean. */
function rateAt(atUs: number, periodUs: number, swing: number): number {
  return 1 + swing * Math.sin((2 * Math.PI * atUs) / periodUs)
}
