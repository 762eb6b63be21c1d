// Slot numbers for requests and attempts in flight. A number carries the slot and a generation, so that a
// late event about something that is over is told from an event about what now sits in its slot. Free slots
// queue up first-in first-out: a slot rests as long as possible before it is used again.

/** Bits of an identifier that name the slot; the 14 bits above them are its generation. */
export const slotBits = 17
const slotMask = (1 << slotBits) - 1
const generations = 1 << (31 - slotBits)

/** Most things of one kind in flight at once; more are refused with reason `capacity`. */
export const maxSlots = 1 << slotBits

export interface Slots {
  capacity: number
  /** Slots in use. */
  used: number
  generation: Uint16Array
  live: Uint8Array
  /** Ring of free slots. */
  free: Int32Array
  freeHead: number
}

export function makeSlots(capacity: number): Slots {
  const free = new Int32Array(capacity)
  for (let slot = 0; slot < capacity; slot++) free[slot] = slot
  return { capacity, used: 0, generation: new Uint16Array(capacity), live: new Uint8Array(capacity), free, freeHead: 0 }
}

/** Takes the slot that has rested longest, or -1 when all are in use (the caller grows first). */
export function takeSlot(slots: Slots): number {
  if (slots.used === slots.capacity) return -1
  const slot = slots.free[slots.freeHead]
  slots.freeHead = slots.freeHead + 1 === slots.capacity ? 0 : slots.freeHead + 1
  slots.used++
  slots.live[slot] = 1
  return slot
}

export function releaseSlot(slots: Slots, slot: number): void {
  let tail = slots.freeHead + (slots.capacity - slots.used)
  if (tail >= slots.capacity) tail -= slots.capacity
  slots.free[tail] = slot
  slots.used--
  slots.live[slot] = 0
  slots.generation[slot] = (slots.generation[slot] + 1) & (generations - 1)
}

/** Doubles the capacity; slots and generations stay. Only to be called when all slots are in use. */
export function growSlots(slots: Slots): void {
  const from = slots.capacity
  const capacity = Math.min(maxSlots, from * 2)
  const generation = new Uint16Array(capacity)
  generation.set(slots.generation)
  const live = new Uint8Array(capacity)
  live.set(slots.live)
  const free = new Int32Array(capacity)
  for (let slot = from; slot < capacity; slot++) free[slot - from] = slot
  Object.assign(slots, { capacity, generation, live, free, freeHead: 0 })
}

/** The identifier that the outside sees. */
export function idOf(slots: Slots, slot: number): number {
  return (slots.generation[slot] << slotBits) | slot
}

/** The slot of an identifier, or -1 when what it named is over. */
export function resolveSlot(slots: Slots, id: number): number {
  const slot = id & slotMask
  if (id < 0 || slot >= slots.capacity || slots.live[slot] === 0) return -1
  return slots.generation[slot] === id >>> slotBits ? slot : -1
}
