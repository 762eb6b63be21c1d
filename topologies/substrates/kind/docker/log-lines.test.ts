// Any stream of lines, cut into chunks anywhere and into the daemon's pieces where they are long, comes out as it went
// in, repeated lines once, also when the wall clock was set back.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openLogLines } from './log-lines.ts'

const at = (n: number): string => `2026-01-02T03:04:05.${String(n).padStart(9, '0')}Z`

/** As the daemon writes it. */
function logged(line: string, stamp: string): Buffer {
  const bytes = Buffer.from(line)
  const pieces: Buffer[] = []
  for (let from = 0; from === 0 || from < bytes.length; from += 16_384) pieces.push(Buffer.from(`${stamp} `), bytes.subarray(from, from + 16_384))
  return Buffer.concat([...pieces, Buffer.from('\n')])
}

function read(stream: Buffer, sizes: readonly number[]): string[] {
  const lines: string[] = []
  const reader = openLogLines((line) => lines.push(line))
  let from = 0
  for (let index = 0; from < stream.length; index++) {
    const size = sizes[index % sizes.length]
    reader.take(stream.subarray(from, from + size))
    from += size
  }
  return lines
}

const text = fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', ' '))
const long = fc.tuple(text.filter((line) => line.length > 0), fc.integer({ min: 1, max: 4_000 })).map(([line, times]) => line.repeat(times).slice(0, 50_000))

test('lines come out as they went in, wherever the stream is cut', () => {
  fc.assert(fc.property(fc.array(fc.oneof(text, long), { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 5 }), (lines, sizes) => {
    const whole = lines.map((line) => line.toWellFormed())
    expect(read(Buffer.concat(whole.map((line, index) => logged(line, at(index)))), sizes)).toEqual(whole)
  }))
})

test('what is repeated is heard once, and a clock that was set back loses nothing', () => {
  const order = [10, 11, 12, 11, 12, 13, 3, 4, 13, 14, 14]
  expect(read(Buffer.concat(order.map((n) => logged(`line ${n}`, at(n)))), [1_000])).toEqual([10, 11, 12, 13, 3, 4, 14].map((n) => `line ${n}`))
})

test('after a cut the last whole line is where to go on, and half a line is not told', () => {
  const lines: string[] = []
  const reader = openLogLines((line) => lines.push(line))
  expect(reader.last).toBe(null)
  reader.take(logged('one', at(1)))
  reader.take(logged('two', at(2)).subarray(0, -2))
  reader.cut()
  expect(reader.last).toBe(at(1))
  reader.take(Buffer.concat([logged('one', at(1)), logged('two', at(2))]))
  expect(lines).toEqual(['one', 'two'])
})

test('a daemon that writes no timestamps is heard all the same', () => {
  expect(read(Buffer.from('plain\nplain\n'), [3])).toEqual(['plain', 'plain'])
})
