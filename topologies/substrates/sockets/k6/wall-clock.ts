// The offset between wall time, which is all that k6 knows, and the monotonic clock of everything else.

import { systemClock } from '../../../../gateway/runtime.ts'

export interface WallOffset {
  /** Wall time minus monotonic time, microseconds. */
  offsetUs: number
  /** The moment of the tick is known this well. */
  uncertaintyUs: number
}

/**
 * Watches for the moment when the wall clock's millisecond changes, a few times, and keeps the sharpest sight:
 * far finer than one reading, which says no more than the millisecond. Takes up to `times` milliseconds of
 * processor time.
 */
export function measureWallOffset(times = 5): WallOffset {
  let best: WallOffset = { offsetUs: 0, uncertaintyUs: Infinity }
  for (let round = 0; round < times; round++) {
    // The tick lies between the last reading of the old millisecond and the first of the new one, so time is read
    // before the one and after the other: between the two readings it would miss what passed before it.
    let sinceUs = systemClock.nowUs()
    const startedMs = Date.now()
    let wallMs = startedMs
    for (let nextUs = sinceUs; wallMs === startedMs;) {
      sinceUs = nextUs
      nextUs = systemClock.nowUs()
      wallMs = Date.now()
    }
    const untilUs = systemClock.nowUs()
    const uncertaintyUs = Math.max(1, untilUs - sinceUs)
    if (uncertaintyUs < best.uncertaintyUs) best = { offsetUs: wallMs * 1000 - sinceUs, uncertaintyUs }
  }
  return best
}
