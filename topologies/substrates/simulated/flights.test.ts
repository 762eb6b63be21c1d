// Numbers of rows: a late one is told from what sits in its row now, also across growth.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rowMask, Table } from './flights.ts'

test('a number is found while its row is open and never again', () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: -40, max: 40 }), { maxLength: 400 }), (steps) => {
    const table = new Table(4, 2)
    const open: number[] = []
    const over: number[] = []
    for (const step of steps) {
      if (step >= 0 || open.length === 0) {
        const id = table.open()
        table.cells[table.at(id) + 1] = id ^ 0x55
        open.push(id)
      } else {
        const [id] = open.splice(-step % open.length, 1)
        table.close(id)
        over.push(id)
      }
      expect(new Set(open.map((id) => id & rowMask)).size).toBe(open.length)
    }
    for (const id of open) expect(table.cells[table.at(id) + 1]).toBe(id ^ 0x55)
    for (const id of over) expect(table.at(id)).toBe(-1)
    expect(table.used).toBe(open.length)
    expect([...table.live()].sort((a, b) => a - b)).toEqual([...open].sort((a, b) => a - b))
  }))
})

test('a row rests as long as possible before it is used again', () => {
  const table = new Table(2, 4)
  const first = table.open()
  table.close(first)
  const rows = [table.open(), table.open(), table.open()].map((id) => id & rowMask)
  expect(rows).not.toContain(first & rowMask)
  expect(table.open() & rowMask).toBe(first & rowMask)
})
