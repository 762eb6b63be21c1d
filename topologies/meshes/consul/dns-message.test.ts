// Reading what anybody may send, and writing what every client can read: against an encoder and a decoder of the
// test's own, and with bytes of no meaning.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readQuery, writeAnswer } from './dns-message.ts'

const labels = fc.array(fc.stringMatching(/^[a-zA-Z0-9-]{1,63}$/), { maxLength: 3 })
const word = fc.integer({ min: 0, max: 0xffff })

function queryOf({ id = 1, flags = 0x0100, questions = 1, name, type = 1, more = [] as number[] }: { id?: number; flags?: number; questions?: number; name: string[]; type?: number; more?: number[] }): Buffer {
  const header = Buffer.from([id >> 8, id & 255, flags >> 8, flags & 255, 0, questions, 0, 0, 0, 0, 0, more.length === 0 ? 0 : 1])
  return Buffer.concat([header, ...name.map((label) => Buffer.from([label.length, ...Buffer.from(label)])), Buffer.from([0, type >> 8, type & 255, 0, 1, ...more])])
}

describe('readQuery', () => {
  it('reads id, name and type of any query, with or without something behind it', () => {
    fc.assert(fc.property(word, labels, word, fc.array(fc.integer({ min: 0, max: 255 })), (id, name, type, more) => {
      expect(readQuery(queryOf({ id, name, type, more }))).toMatchObject({ id, name: name.join('.').toLowerCase(), type, class: 1, opcode: 0, recursionDesired: true })
    }))
  })

  it('takes no query that is cut short anywhere', () => {
    fc.assert(fc.property(labels, fc.nat(), (name, seed) => {
      const whole = queryOf({ name })
      expect(readQuery(whole.subarray(0, seed % whole.length))).toBeNull()
    }))
  })

  it('bears any bytes', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const query = readQuery(Buffer.from(bytes))
      if (query !== null) expect(Buffer.from(bytes).includes(query.question)).toBe(true)
    }), { numRuns: 1_000 })
  })

  it.each([
    ['an answer', queryOf({ name: ['a'], flags: 0x8180 })],
    ['no question', queryOf({ name: ['a'], questions: 0 })],
    ['two questions', queryOf({ name: ['a'], questions: 2 })],
    ['a name of more than 255 bytes', queryOf({ name: Array<string>(5).fill('a'.repeat(60)) })],
    ['a pointer to itself', Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1])],
  ])('takes no %s', (_what, message) => {
    expect(readQuery(message)).toBeNull()
  })

  it('keeps a dot inside a label apart from one between labels', () => {
    expect(readQuery(queryOf({ name: ['a.b'] }))?.name).toBe('a\\.b')
    expect(readQuery(queryOf({ name: ['a', 'b'] }))?.name).toBe('a.b')
  })
})

describe('writeAnswer', () => {
  it('repeats id and question, and gives each address with its life', () => {
    const addresses = fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { maxLength: 4 })
    fc.assert(fc.property(word, labels, fc.integer({ min: 0, max: 5 }), addresses, fc.integer({ min: 0, max: 86_400 }), (id, name, code, given, ttlS) => {
      const asked = queryOf({ id, name })
      const answer = writeAnswer(readQuery(asked)!, code, given.map((address) => Buffer.from(address)), ttlS)
      expect([answer.readUInt16BE(0), answer.readUInt16BE(2), answer.readUInt16BE(4), answer.readUInt16BE(6)]).toEqual([id, 0x8500 | code, 1, given.length])
      expect(answer.subarray(12, asked.length)).toEqual(asked.subarray(12))
      const records = Array.from({ length: given.length }, (_, index) => answer.subarray(asked.length + index * 16, asked.length + (index + 1) * 16))
      expect(records.map((record) => record.toString('hex'))).toEqual(given.map((address) => `c00c00010001${ttlS.toString(16).padStart(8, '0')}0004${Buffer.from(address).toString('hex')}`))
      expect(answer.length).toBe(asked.length + given.length * 16)
    }))
  })
})
