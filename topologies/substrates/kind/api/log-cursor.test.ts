// A log that is read in pieces, from any break on, gives each line once and in order: whatever the stamps are like.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openLogCursor } from './log-cursor.ts'

const stamp = (nanoseconds: number): string => {
  const second = new Date(1_790_000_000_000 + Math.floor(nanoseconds / 1e9) * 1000).toISOString().slice(0, 19)
  return `${second}.${String(nanoseconds % 1e9).padStart(9, '0')}Z`
}

interface Line { atNs: number; text: string }

/** What a kubelet sends: lines of that second and later, in the order of the file. */
const answer = (file: readonly Line[], since: string | null): string =>
  file.filter(({ atNs }) => since === null || stamp(atNs).slice(0, 19) >= since.slice(0, 19)).map(({ atNs, text }) => `${stamp(atNs)} ${text}\n`).join('')

/**
 * Times that advance by anything from nothing to a second; now and then one is stamped a little before its predecessor.
 * They begin so far into a second that this never crosses into the one before: of that, nothing is sent again.
 */
const files = fc.array(fc.tuple(fc.constantFrom(0, 1, 1_000, 250_000_000, 1_100_000_000), fc.boolean()), { minLength: 1, maxLength: 40 }).map((steps) => {
  let nowNs = 10_000_000
  return steps.map(([step, early], index): Line => {
    nowNs += step
    return { atNs: early ? nowNs - 5_000 : nowNs, text: `line ${index}` }
  })
})

describe('a cursor', () => {
  it('gives each line once, wherever the stream breaks', () => {
    fc.assert(fc.property(files, fc.array(fc.tuple(fc.nat(60), fc.nat(200), fc.integer({ min: 1, max: 30 })), { maxLength: 8 }), (file, breaks) => {
      const heard: string[] = []
      const cursor = openLogCursor((line) => heard.push(line))
      let written = 0
      const read = (upTo: number, bytes: number, chunk: number): void => {
        written = Math.min(file.length, Math.max(written, upTo))
        cursor.begin()
        const text = answer(file.slice(0, written), cursor.since()).slice(0, bytes)
        for (let from = 0; from < text.length; from += chunk) cursor.take(text.slice(from, from + chunk))
      }
      for (const [upTo, bytes, chunk] of breaks) read(upTo, bytes, chunk)
      read(file.length, Infinity, 7)
      expect(heard).toEqual(file.map(({ text }) => text))
    }), { numRuns: 500 })
  })

  it('asks from the first line at first, then from the newest second, in the zone of the node', () => {
    const cursor = openLogCursor(() => {})
    expect(cursor.since()).toBeNull()
    cursor.take('2026-01-02T03:04:05.000000001+02:00 a\n2026-01-02T03:04:06.000000001+02:00 b\n')
    expect(cursor.since()).toBe('2026-01-02T03:04:06+02:00')
  })

  it('hands on nothing of an answer that does not join, until that is accepted', () => {
    const heard: string[] = []
    const cursor = openLogCursor((line) => heard.push(line))
    cursor.take(`${stamp(5)} first\n`)
    cursor.begin()
    expect(cursor.joined()).toBeNull()
    cursor.take(`${stamp(9)} of another container\n`)
    expect(cursor.joined()).toBe(false)
    expect(heard).toEqual(['first'])
    cursor.accept()
    cursor.begin()
    cursor.take(`${stamp(9)} after a rotation\n`)
    expect(heard).toEqual(['first', 'after a rotation'])
  })

  it('passes over what comes again after a rotation, though the beginning of that second is gone', () => {
    const heard: string[] = []
    const cursor = openLogCursor((line) => heard.push(line))
    cursor.take(`${stamp(1)} a\n${stamp(2)} b\n${stamp(3)} c\n`)
    cursor.begin()
    cursor.take(`${stamp(3)} c\n${stamp(4)} d\n`)
    expect(heard).toEqual(['a', 'b', 'c', 'd'])
  })

  it('leaves out what the kubelet says in its own name, and keeps spaces and a last line without an end', () => {
    const heard: string[] = []
    const cursor = openLogCursor((line) => heard.push(line))
    cursor.take(`failed to watch file "/var/log/pods/x": too many open files\n${stamp(1)}  two  spaces \n${stamp(2)} \n${stamp(3)} half`)
    expect(heard).toEqual([' two  spaces ', ''])
    cursor.end()
    expect(heard).toEqual([' two  spaces ', '', 'half'])
  })
})
