// Turns keep the order of asking for one key, let other keys pass, and outlive failures.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openTurns } from './turns.ts'

test('work of one key never overlaps and keeps its order, however each ends', async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.record({ key: fc.constantFrom('a', 'b'), waits: fc.nat(4), fails: fc.boolean() }), { maxLength: 12 }),
    async (asked) => {
      const turns = openTurns()
      const busy = new Set<string>()
      const order: number[] = []
      await Promise.allSettled(asked.map(({ key, waits, fails }, index) => turns.take(key, async () => {
        expect(busy.has(key)).toBe(false)
        busy.add(key)
        for (let tick = 0; tick < waits; tick++) await Promise.resolve()
        busy.delete(key)
        order.push(index)
        if (fails) throw new Error('as asked')
      })))
      expect(order.length).toBe(asked.length)
      for (const key of ['a', 'b']) {
        const mine = order.filter((index) => asked[index].key === key)
        expect(mine).toEqual([...mine].sort((a, b) => a - b))
      }
    },
  ))
})

test('a failure is told to who asked, and to nobody else', async () => {
  const turns = openTurns()
  const failing = turns.take('a', () => Promise.reject(new Error('mine')))
  const next = turns.take('a', () => Promise.resolve('well'))
  await expect(failing).rejects.toThrow('mine')
  expect(await next).toBe('well')
})
