// A request is found by its id and by nothing else.

import fc from 'fast-check'
import { expect, it } from 'vitest'
import { encodeTexts } from './batch.ts'
import { IdIndex } from './id-index.ts'
import { textColumn, type TextColumn } from './table.ts'

function columnOf(texts: readonly string[]): TextColumn {
  const { offsets, bytes } = encodeTexts(texts)
  return textColumn(offsets, bytes)
}

it('finds what a map of strings finds', () => {
  // Few letters, so that texts meet, and are beginnings and ends of each other.
  const texts = fc.array(fc.oneof(fc.string({ unit: fc.constantFrom('a', 'b', 'ü'), maxLength: 4 }), fc.nat(300).map((number) => `load-${number}`)), { maxLength: 300 })
  fc.assert(fc.property(texts, texts, fc.func(fc.boolean()), (own, asked, isIn) => {
    const rows = Int32Array.from(own.keys()).filter((row) => isIn(row))
    const map = new Map([...rows].map((row) => [own[row], row]))
    const index = new IdIndex(columnOf(own), rows)
    const column = columnOf(asked)
    expect(asked.map((_, row) => index.find(column, row))).toEqual(asked.map((text) => map.get(text) ?? -1))
  }))
})
