// Slots: free ones rest longest, and an identifier of something that is over never resolves again.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { growSlots, idOf, makeSlots, releaseSlot, resolveSlot, takeSlot } from './slots.ts'

test('an identifier resolves while it lives and never after', () => {
  fc.assert(fc.property(fc.array(fc.nat(20), { maxLength: 300 }), (script) => {
    const slots = makeSlots(2)
    const live: number[] = []
    const dead: number[] = []
    for (const step of script) {
      if (step < 12 || live.length === 0) {
        if (slots.used === slots.capacity) growSlots(slots)
        live.push(idOf(slots, takeSlot(slots)))
      } else {
        const [id] = live.splice(step % live.length, 1)
        releaseSlot(slots, resolveSlot(slots, id))
        dead.push(id)
      }
      expect(slots.used).toBe(live.length)
      expect(new Set(live).size).toBe(live.length)
    }
    for (const id of live) expect(idOf(slots, resolveSlot(slots, id))).toBe(id)
    for (const id of dead) expect(resolveSlot(slots, id)).toBe(-1)
  }))
})

test('identifiers are positive 31-bit integers, whatever the generation', () => {
  const slots = makeSlots(1)
  for (let round = 0; round < 40_000; round++) {
    const id = idOf(slots, takeSlot(slots))
    if (id < 0 || id !== (id | 0)) throw new Error(`round ${round} gave ${id}`)
    releaseSlot(slots, 0)
  }
  for (const id of [-1, NaN, 2 ** 40, 1]) expect(resolveSlot(slots, id)).toBe(-1)
})
