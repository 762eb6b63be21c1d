// Chunks waiting for their time, in the order in which they came. A chunk never overtakes an earlier one,
// whatever its own due time says: the bytes of a stream have one order.

import { createAlarm, type Alarms } from './alarms.ts'

export interface Held {
  chunk: Buffer
  arrivedUs: number
  dueUs: number
}

export interface DelayLine {
  /** Bytes that wait here. */
  readonly held: number
  /** Due time of the last chunk that was put in, microseconds. */
  readonly lastDueUs: number
  put(chunk: Buffer, arrivedUs: number, dueUs: number): void
  /** The stream ends after what is held. */
  end(): void
  /** Take everything out, to be put in again under other attributes. */
  take(): Held[]
  /** Let everything go now. */
  flush(): void
  discard(): void
}

export function createDelayLine(alarms: Alarms, emit: (chunk: Buffer) => void, finish: () => void): DelayLine {
  let queue: Held[] = []
  let head = 0
  let held = 0
  let lastDueUs = 0
  let ending = false

  const pop = (): Buffer => {
    const { chunk } = queue[head++]
    held -= chunk.length
    if (head === queue.length) {
      queue = []
      head = 0
    } else if (head > 1024) {
      queue.splice(0, head)
      head = 0
    }
    return chunk
  }
  const settle = (): void => {
    if (head < queue.length) alarms.set(alarm, queue[head].dueUs)
    else if (ending) {
      ending = false
      finish()
    }
  }
  const alarm = createAlarm((nowUs) => {
    // The first is due, or the alarm would not ring; those behind go with it when their time has come too.
    do emit(pop())
    while (head < queue.length && queue[head].dueUs <= nowUs)
    settle()
  })
  return {
    get held() { return held },
    get lastDueUs() { return lastDueUs },
    put(chunk, arrivedUs, dueUs) {
      lastDueUs = Math.max(lastDueUs, dueUs)
      if (head === queue.length && lastDueUs <= alarms.clock.nowUs()) return emit(chunk)
      queue.push({ chunk, arrivedUs, dueUs: lastDueUs })
      held += chunk.length
      if (queue.length - head === 1) alarms.set(alarm, lastDueUs)
    },
    end() {
      ending = true
      if (head === queue.length) settle()
    },
    take() {
      const taken = queue.slice(head)
      this.discard()
      return taken
    },
    flush() {
      alarms.cancel(alarm)
      while (head < queue.length) emit(pop())
      settle()
    },
    discard() {
      alarms.cancel(alarm)
      queue = []
      head = 0
      held = 0
      lastDueUs = 0
    },
  }
}
