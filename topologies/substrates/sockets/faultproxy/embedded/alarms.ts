// One timer for everything that waits. Every delay line and every toxic with a deadline owns an alarm in one
// binary heap; only the earliest is armed, because thousands of Node timers would cost more than the proxying.

import type { Clock, Scheduler } from '../../../../../gateway/ports.ts'

export interface Alarm {
  dueUs: number
  /** Index in the heap; -1 = not set. */
  at: number
  ring(nowUs: number): void
}

export interface Alarms {
  readonly clock: Clock
  /** Set or move. A moved alarm rings once. */
  set(alarm: Alarm, dueUs: number): void
  cancel(alarm: Alarm): void
}

/** Node's timers count whole milliseconds of a cached loop time; what is due within half of one rings now. */
const toleranceUs = 500
/** Longest sleep of the one timer; what is due later is looked at again (Node's timers end at 2^31 ms). */
const longestMs = 60_000

export function createAlarm(ring: (nowUs: number) => void): Alarm {
  return { dueUs: 0, at: -1, ring }
}

export function createAlarms(clock: Clock, scheduler: Scheduler): Alarms {
  const heap: Alarm[] = []
  let armedUs = Infinity
  let disarm: (() => void) | null = null

  const place = (alarm: Alarm, index: number): void => {
    heap[index] = alarm
    alarm.at = index
  }
  const up = (alarm: Alarm, from: number): void => {
    let index = from
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (heap[parent].dueUs <= alarm.dueUs) break
      place(heap[parent], index)
      index = parent
    }
    place(alarm, index)
  }
  const down = (alarm: Alarm, from: number): void => {
    let index = from
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && heap[child + 1].dueUs < heap[child].dueUs) child++
      if (heap[child].dueUs >= alarm.dueUs) break
      place(heap[child], index)
      index = child
    }
    place(alarm, index)
  }
  const remove = (alarm: Alarm): void => {
    const index = alarm.at
    alarm.at = -1
    const last = heap.pop()!
    if (last === alarm) return
    if (index > 0 && heap[(index - 1) >> 1].dueUs > last.dueUs) up(last, index)
    else down(last, index)
  }
  const arm = (): void => {
    const dueUs = heap.length === 0 ? Infinity : heap[0].dueUs
    if (dueUs >= armedUs) return
    disarm?.()
    armedUs = dueUs
    disarm = scheduler.after(Math.min(longestMs, Math.max(1, Math.ceil((dueUs - toleranceUs - clock.nowUs()) / 1000))), ringDue)
  }
  const ringDue = (): void => {
    armedUs = Infinity
    disarm = null
    const nowUs = clock.nowUs()
    while (heap.length > 0 && heap[0].dueUs <= nowUs + toleranceUs) {
      const alarm = heap[0]
      remove(alarm)
      alarm.ring(nowUs)
    }
    arm()
  }
  return {
    clock,
    set(alarm, dueUs) {
      if (alarm.at !== -1) remove(alarm)
      alarm.dueUs = dueUs
      heap.push(alarm)
      up(alarm, heap.length - 1)
      arm()
    },
    cancel(alarm) {
      if (alarm.at !== -1) remove(alarm)
    },
  }
}
