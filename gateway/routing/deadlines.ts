// Deadlines of many things at once: a hashed timing wheel (Varghese and Lauck, 1987). Arming and disarming
// cost a few array writes, so every request can have one although almost none ever expires.

const slotCount = 256

export interface Deadlines {
  slotUs: number
  heads: Int32Array
  next: Int32Array
  previous: Int32Array
  /** Wheel slot that an entry hangs in, or -1. */
  slot: Int32Array
  dueUs: Float64Array
  /** Absolute number of the slot that was looked at last. */
  cursor: number
  armed: number
  /** Entries that expired in the last call of `expire`. */
  expired: Int32Array
}

/** `slotUs` is the width of one of 256 slots: entries farther away than all of them are met once a turn. */
export function makeDeadlines(capacity: number, slotUs: number, nowUs: number): Deadlines {
  return {
    slotUs, heads: new Int32Array(slotCount).fill(-1), next: new Int32Array(capacity), previous: new Int32Array(capacity),
    slot: new Int32Array(capacity).fill(-1), dueUs: new Float64Array(capacity), cursor: Math.floor(nowUs / slotUs), armed: 0,
    expired: new Int32Array(64),
  }
}

export function growDeadlines(wheel: Deadlines, capacity: number): void {
  const { next, previous, slot, dueUs } = wheel
  wheel.next = new Int32Array(capacity)
  wheel.next.set(next)
  wheel.previous = new Int32Array(capacity)
  wheel.previous.set(previous)
  wheel.slot = new Int32Array(capacity).fill(-1)
  wheel.slot.set(slot)
  wheel.dueUs = new Float64Array(capacity)
  wheel.dueUs.set(dueUs)
}

/** Sets (or moves) the deadline of an entry. */
export function arm(wheel: Deadlines, entry: number, dueUs: number): void {
  if (wheel.slot[entry] !== -1) disarm(wheel, entry)
  const slot = Math.max(wheel.cursor, Math.floor(dueUs / wheel.slotUs)) & (slotCount - 1)
  const head = wheel.heads[slot]
  wheel.next[entry] = head
  wheel.previous[entry] = -1
  if (head !== -1) wheel.previous[head] = entry
  wheel.heads[slot] = entry
  wheel.slot[entry] = slot
  wheel.dueUs[entry] = dueUs
  wheel.armed++
}

export function disarm(wheel: Deadlines, entry: number): void {
  const slot = wheel.slot[entry]
  if (slot === -1) return
  const next = wheel.next[entry]
  const previous = wheel.previous[entry]
  if (previous === -1) wheel.heads[slot] = next
  else wheel.next[previous] = next
  if (next !== -1) wheel.previous[next] = previous
  wheel.slot[entry] = -1
  wheel.armed--
}

/** Disarms all that is due by `nowUs`, writes it to `wheel.expired`, and returns how many. */
export function expire(wheel: Deadlines, nowUs: number): number {
  const last = Math.floor(nowUs / wheel.slotUs)
  const first = Math.max(wheel.cursor, last - slotCount + 1)
  let count = 0
  for (let at = first; at <= last; at++) {
    let entry = wheel.heads[at & (slotCount - 1)]
    while (entry !== -1) {
      const next = wheel.next[entry]
      if (wheel.dueUs[entry] <= nowUs) {
        disarm(wheel, entry)
        if (count === wheel.expired.length) {
          const grown = new Int32Array(count * 2)
          grown.set(wheel.expired)
          wheel.expired = grown
        }
        wheel.expired[count++] = entry
      }
      entry = next
    }
  }
  wheel.cursor = Math.max(wheel.cursor, last)
  return count
}

/** The earliest deadline, or a time before it at which to ask again; Infinity when none is armed. */
export function nextDeadline(wheel: Deadlines): number {
  if (wheel.armed === 0) return Infinity
  for (let at = wheel.cursor; at < wheel.cursor + slotCount; at++) {
    let earliest = Infinity
    const end = (at + 1) * wheel.slotUs
    for (let entry = wheel.heads[at & (slotCount - 1)]; entry !== -1; entry = wheel.next[entry]) {
      if (wheel.dueUs[entry] < end && wheel.dueUs[entry] < earliest) earliest = wheel.dueUs[entry]
    }
    if (earliest !== Infinity) return earliest
  }
  return (wheel.cursor + slotCount) * wheel.slotUs
}
