// Turns the core's clock while it needs it, measures how late the event loop runs, and turns the coarse clock
// that limits of seconds go by.

import type { Plane } from './plane.ts'

/** While requests are in flight, and otherwise: an idle gateway has probes to send, nothing more. */
const busyMs = 10
const idleMs = 40
const sweepMs = 250

export interface Ticker {
  /** Work began after idleness: the next tick comes within the busy interval. */
  hasten(): void
  stop(): void
}

export function startTicker(plane: Plane, sweep: () => void): Ticker {
  const { clock, scheduler, driver, metrics, evidence, coarse } = plane
  let cancel: () => void = () => {}
  let dueUs = 0
  let sweptUs = 0
  let lateUs = 0

  const arm = (delayMs: number): void => {
    dueUs = clock.nowUs() + delayMs * 1000
    cancel = scheduler.after(delayMs, () => { cancel = scheduler.afterReading(tick) })
  }
  const tick = (): void => {
    const nowUs = clock.nowUs()
    // Timers of this runtime count in whole milliseconds and fire up to one late.
    const lagUs = Math.max(0, Math.round(nowUs - dueUs - 1000))
    coarse.ms = nowUs / 1000
    metrics.lag(lagUs)
    if (lagUs > (plane.state?.snapshot.health.maxLoopLagMs ?? 100) * 1000 && nowUs - lateUs > 1000) {
      lateUs = nowUs
      evidence.event({ atUs: nowUs, kind: 'loop-late', lagUs })
    }
    if (plane.state !== null && nowUs >= driver.core.nextTickUs) driver.tick(lagUs, nowUs)
    plane.telemetry?.tick(nowUs)
    if (nowUs - sweptUs >= sweepMs * 1000) {
      sweptUs = nowUs
      sweep()
    }
    const untilMs = (driver.core.nextTickUs - nowUs) / 1000
    arm(driver.inFlight > 0 ? busyMs : Math.min(idleMs, Math.max(busyMs, untilMs)))
  }

  arm(busyMs)
  return {
    hasten() {
      if (dueUs - clock.nowUs() <= busyMs * 1000) return
      cancel()
      arm(busyMs)
    },
    stop: () => cancel(),
  }
}
