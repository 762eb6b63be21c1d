// The one timer of a core that says when it wants to be woken. A wake-up that moves later (as each heartbeat moves
// the end of patience) costs nothing: the timer fires early once, the core finds nothing due, and it is set anew.

import type { Clock, Scheduler } from '../ports.ts'

export interface Alarm {
  /** Wakes at `atUs` or before it; never for Infinity. */
  set(atUs: number): void
  cancel(): void
}

/** `wake` sets the alarm again. */
export function openAlarm(clock: Clock, scheduler: Scheduler, wake: () => void): Alarm {
  let armedUs = Infinity
  let disarm: () => void = () => {}
  const cancel = (): void => {
    disarm()
    armedUs = Infinity
  }
  return {
    set(atUs) {
      if (atUs >= armedUs) return
      cancel()
      armedUs = atUs
      disarm = scheduler.after(Math.max(0, atUs - clock.nowUs()) / 1000, () => {
        armedUs = Infinity
        wake()
      })
    },
    cancel,
  }
}
