// Slot numbers for requests and attempts in flight. A number carries the slot and a generation, so that a
// late event about something that is over is told from an event about what now sits in its slot. Free slots
// queue up first-in first-out: a slot rests as long as possible before it is used again.

/** Bits of an identifier that name the slot; the 14 bits above them are its generation. */
export const slotBits = 17
const slotMask = (1 << slotBits) - 1
const oneGeneration = 1 << slotBits

/** Most things of one kind in flight at once; more are refused with reason `capacity`. */
export const maxSlots = 1 << slotBits

export interface Slots {
  capacity: number
  /** Slots in use. */
  used: number
  /** Identifier of what is in the slot; while it is free, the complement of the next one. */
  ids: Int32Array
  /** Ring of free slots. */
  free: Int32Array
  freeHead: number
}

export function makeSlots(capacity: number): Slots {
  const slots: Slots = { capacity, used: 0, ids: new Int32Array(capacity), free: new Int32Array(capacity), freeHead: 0 }
  for (let slot = 0; slot < capacity; slot++) {
    slots.ids[slot] = ~slot
    slots.free[slot] = slot
  }
  return slots
}

/** Takes the slot that has rested longest, or -1 when all are in use (the caller grows first). */
export function takeSlot(slots: Slots): number {
  if (slots.used === slots.capacity) return -1
  const slot = slots.free[slots.freeHead]
  slots.freeHead = slots.freeHead + 1 === slots.capacity ? 0 : slots.freeHead + 1
  slots.used++
  slots.ids[slot] = ~slots.ids[slot]
  return slot
}

export function releaseSlot(slots: Slots, slot: number): void {
  let tail = slots.freeHead + (slots.capacity - slots.used)
  if (tail >= slots.capacity) tail -= slots.capacity
  slots.free[tail] = slot
  slots.used--
  // One generation on; the sign bit is left out, so that identifiers stay positive.
  slots.ids[slot] = ~((slots.ids[slot] + oneGeneration) & 0x7fffffff)
}

/** Doubles the capacity; slots and generations stay. Only to be called when all slots are in use. */
export function growSlots(slots: Slots): void {
  const from = slots.capacity
  const capacity = Math.min(maxSlots, from * 2)
  const grown = makeSlots(capacity)
  grown.ids.set(slots.ids)
  for (let slot = from; slot < capacity; slot++) grown.free[slot - from] = slot
  Object.assign(slots, { capacity, ids: grown.ids, free: grown.free, freeHead: 0 })
}

/** The identifier that the outside sees, of a slot in use. */
export function idOf(slots: Slots, slot: number): number {
  return slots.ids[slot]
}

export function isLive(slots: Slots, slot: number): boolean {
  return slots.ids[slot] >= 0
}

/** The slot of an identifier, or -1 when what it named is over. */
export function resolveSlot(slots: Slots, id: number): number {
  const slot = id & slotMask
  return id >= 0 && slot < slots.capacity && slots.ids[slot] === id ? slot : -1
}
