// What must be looked at again by some time, for things so many and so short-lived that most are over before their
// time comes: a ring of buckets, a tick wide each. Nothing is ever taken out. Whoever reads an entry looks whether it
// still means something and how late it really is, and notes it again if need be; so a thing that is rearmed for every
// request is written down only once a turn.

/** A power of two, so that the division is exact; a little less than the tick. */
const widthUs = 8192

export interface Agenda {
  buckets: Int32Array[]
  lengths: Int32Array
  /** Bucket that was read last, counted from the clock's zero, and the one that was read before. */
  cursor: number
  before: number
  /** Entries of the last `collect`. */
  due: Int32Array
}

/** `turn` (a power of two): how many buckets there are; an entry farther away is met once a turn, and noted again. */
export function makeAgenda(turn: number, nowUs: number): Agenda {
  const cursor = Math.floor(nowUs / widthUs)
  return {
    buckets: Array.from({ length: turn }, () => new Int32Array(4)), lengths: new Int32Array(turn), cursor, before: cursor, due: new Int32Array(64),
  }
}

/** Where an entry would be noted that is due then: the number of a bucket of the ring, plus one. */
export function placeIn(agenda: Agenda, dueUs: number): number {
  const { cursor, lengths } = agenda
  const ahead = Math.floor(dueUs / widthUs) - cursor
  return ((cursor + (ahead <= 0 ? 0 : ahead < lengths.length ? ahead : lengths.length - 1)) & (lengths.length - 1)) + 1
}

export function note(agenda: Agenda, entry: number, place: number): void {
  const at = place - 1
  const bucket = agenda.buckets[at]
  const length = agenda.lengths[at]++
  if (length < bucket.length) bucket[length] = entry
  else {
    agenda.buckets[at] = grown(bucket)
    agenda.buckets[at][length] = entry
  }
}

/** Whether one place comes before another; both were noted and not yet read. */
export function isBefore(agenda: Agenda, place: number, other: number): boolean {
  const mask = agenda.lengths.length - 1
  return ((place - 1 - agenda.cursor) & mask) < ((other - 1 - agenda.cursor) & mask)
}

/** Moves what stands in the buckets up to now's into `due`, in the order it was noted, and returns how many. */
export function collect(agenda: Agenda, nowUs: number): number {
  const { lengths, buckets } = agenda
  const last = Math.max(agenda.cursor, Math.floor(nowUs / widthUs))
  const mask = lengths.length - 1
  let count = 0
  agenda.before = Math.max(agenda.cursor, last - mask)
  for (let bucket = agenda.before; bucket <= last; bucket++) {
    const at = bucket & mask
    const length = lengths[at]
    if (length === 0) continue
    while (count + length > agenda.due.length) agenda.due = grown(agenda.due)
    const from = buckets[at]
    for (let entry = 0; entry < length; entry++) agenda.due[count++] = from[entry]
    lengths[at] = 0
  }
  agenda.cursor = last
  return count
}

/** Whether the last `collect` read this place. */
export function wasRead(agenda: Agenda, place: number): boolean {
  const mask = agenda.lengths.length - 1
  return ((agenda.cursor - (place - 1)) & mask) <= agenda.cursor - agenda.before
}

function grown(items: Int32Array): Int32Array {
  const longer = new Int32Array(items.length * 2)
  longer.set(items)
  return longer
}
