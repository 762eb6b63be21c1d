// The next arrival of many streams: a binary heap of cursors ordered by due time (ties by stream, so that the
// order is the same every time).

import { ArrivalCursor } from './arrivals.ts'
import type { LoadSpec } from './substrate.ts'

export interface ScheduledStream { load: LoadSpec; streamIndex: number; cursor: ArrivalCursor; rank: number }

export class Schedule {
  readonly #heap: ScheduledStream[] = []

  constructor(loads: readonly LoadSpec[]) {
    let rank = 0
    for (const load of loads) {
      load.streams.forEach((stream, streamIndex) => {
        const scheduled = { load, streamIndex, cursor: new ArrivalCursor(load, stream), rank: rank++ }
        if (!scheduled.cursor.next()) return
        this.#heap.push(scheduled)
        this.#up(this.#heap.length - 1)
      })
    }
  }

  /** Due time of the next arrival, microseconds from zero; Infinity when there are no more. */
  get nextUs(): number {
    return this.#heap.length === 0 ? Infinity : this.#heap[0].cursor.atUs
  }

  /** The stream whose arrival is next; its cursor stands on it. Call `advance` when it is dealt with. */
  get head(): ScheduledStream {
    return this.#heap[0]
  }

  advance(): void {
    const heap = this.#heap
    if (!heap[0].cursor.next()) {
      const last = heap.pop()!
      if (heap.length === 0) return
      heap[0] = last
    }
    this.#down()
  }

  #before(a: ScheduledStream, b: ScheduledStream): boolean {
    return a.cursor.atUs < b.cursor.atUs || (a.cursor.atUs === b.cursor.atUs && a.rank < b.rank)
  }

  #up(from: number): void {
    const heap = this.#heap
    for (let at = from; at > 0;) {
      const parent = (at - 1) >> 1
      if (!this.#before(heap[at], heap[parent])) return
      ;[heap[at], heap[parent]] = [heap[parent], heap[at]]
      at = parent
    }
  }

  #down(): void {
    const heap = this.#heap
    for (let at = 0; ;) {
      const left = 2 * at + 1
      if (left >= heap.length) return
      const least = left + 1 < heap.length && this.#before(heap[left + 1], heap[left]) ? left + 1 : left
      if (!this.#before(heap[least], heap[at])) return
      ;[heap[at], heap[least]] = [heap[least], heap[at]]
      at = least
    }
  }
}
