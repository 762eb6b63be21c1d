// Plays steps at their times on the machine's clock; steps of one time start in their declared order. Steps may
// be added while it plays, which is how a fault is injected into a topology that is held up.

import type { Clock } from '../../../gateway/ports.ts'
import type { Step } from '../../substrate.ts'

export interface Timetable {
  at(atUs: number, step: Step): void
  /** Resolves at `untilUs` when every step is done; rejects on the first that fails, or on abort. */
  play(zeroUs: number, untilUs: number, signal: AbortSignal): Promise<void>
}

/** A timer takes at most this long, because longer ones overflow. */
const longestWaitMs = 60_000

export function openTimetable(clock: Clock, start: (step: Step) => Promise<void>): Timetable {
  const queue: { atUs: number; order: number; step: Step }[] = []
  let order = 0
  let wake: () => void = () => {}

  const play = (zeroUs: number, untilUs: number, signal: AbortSignal): Promise<void> => new Promise((resolve, reject) => {
    const running = new Set<Promise<void>>()
    let timer: NodeJS.Timeout | undefined
    const stop = (): void => {
      clearTimeout(timer)
      wake = () => {}
      signal.removeEventListener('abort', abort)
    }
    const fail = (error: unknown): void => {
      stop()
      reject(error)
    }
    const abort = (): void => fail(signal.reason)
    if (signal.aborted) {
      abort()
      return
    }
    const next = (): void => {
      clearTimeout(timer)
      const nowUs = clock.nowUs() - zeroUs
      while (queue.length > 0 && queue[0].atUs <= nowUs) {
        const done = start(queue.shift()!.step)
        running.add(done)
        done.then(() => running.delete(done), fail)
      }
      if (queue.length === 0 && nowUs >= untilUs) {
        clearTimeout(timer)
        wake = () => {}
        Promise.all(running).then(() => { stop(); resolve() }, fail)
        return
      }
      const atUs = Math.min(queue[0]?.atUs ?? Infinity, untilUs > nowUs ? untilUs : Infinity)
      timer = setTimeout(next, Math.min(longestWaitMs, Math.max(0, (atUs - nowUs) / 1000)))
    }
    signal.addEventListener('abort', abort)
    wake = next
    next()
  })

  return {
    play,
    at(atUs, step) {
      queue.push({ atUs, order: order++, step })
      queue.sort((a, b) => a.atUs - b.atUs || a.order - b.order)
      wake()
    },
  }
}
