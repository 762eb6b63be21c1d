// Chunked bodies: what is refused, and that it never matters how the bytes were cut.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BodyLength } from '../message.ts'
import { BodyReader } from './body.ts'
import { HeadScanner } from './scan.ts'

function readAll(bytes: Buffer, borders: number[], length: number = BodyLength.Unknown) {
  const reader = new BodyReader()
  reader.start(length)
  let body = ''
  let used = 0
  for (const border of [...borders, bytes.length]) {
    while (used < border && !reader.done && reader.problem === null) {
      used = reader.read(bytes, used, border, { bodyPiece: (piece, from, to) => { body += piece.latin1Slice(from, to) } })
    }
  }
  return { body, used, done: reader.done, problem: reader.problem?.code ?? null, trailers: reader.trailers?.get('x-sum') }
}

test.each<[string, string]>([
  ['g\r\n', 'RGT_HTTP_SMUGGLING'], ['\r\n', 'RGT_HTTP_SMUGGLING'], ['-1\r\n', 'RGT_HTTP_SMUGGLING'], ['0x1\r\na\r\n', 'RGT_HTTP_SMUGGLING'],
  ['1 \r\na\r\n', 'RGT_HTTP_SMUGGLING'], [' 1\r\na\r\n', 'RGT_HTTP_SMUGGLING'], ['1\na\n', 'RGT_HTTP_SMUGGLING'], ['1\rxa', 'RGT_HTTP_SMUGGLING'],
  ['1\r\nab\r\n', 'RGT_HTTP_SMUGGLING'], ['1\r\na\rx', 'RGT_HTTP_SMUGGLING'], ['1\r\na\n', 'RGT_HTTP_SMUGGLING'],
  ['1ffffffffffff\r\n', 'RGT_HTTP_SMUGGLING'], [`1;${'x'.repeat(300)}\r\n`, 'RGT_HTTP_SMUGGLING'], ['1;a\nb\r\n', 'RGT_HTTP_SMUGGLING'],
  ['0\r\nx: 1\n\n', 'RGT_HTTP_SYNTAX'], ['0\r\nx : 1\r\n\r\n', 'RGT_HTTP_SYNTAX'], [`0\r\nx: ${'y'.repeat(9000)}\r\n\r\n`, 'RGT_HTTP_HEADER_LIMIT'],
])('%j is refused, wherever it is cut', (text, code) => {
  const bytes = Buffer.from(text)
  expect(readAll(bytes, []).problem).toBe(code)
  expect(readAll(bytes, Array.from({ length: Math.min(bytes.length, 300) }, (_, index) => index)).problem).toBe(code)
})

test('trailers that would change framing or routing are dropped', () => {
  expect(readAll(Buffer.from('0\r\nContent-Length: 3\r\nHost: x\r\nX-Sum: 9\r\n\r\n'), [])).toMatchObject({ done: true, trailers: '9' })
})

const chunk = fc.record({ data: fc.string({ minLength: 1, maxLength: 40 }), extension: fc.constantFrom('', ';a', ';a=b', ';q="x y"') })
const chunked = fc.record({ chunks: fc.array(chunk, { maxLength: 6 }), trailer: fc.boolean(), upper: fc.boolean() })

test('a valid chunked body reads the same however it is cut, and stops at its end', () => {
  fc.assert(fc.property(chunked, fc.array(fc.nat(600), { maxLength: 30 }), ({ chunks, trailer, upper }, cuts) => {
    const encoded = chunks.map(({ data, extension }) => {
      const size = Buffer.byteLength(data).toString(16)
      return `${upper ? size.toUpperCase() : size}${extension}\r\n${data}\r\n`
    })
    const text = `${encoded.join('')}0\r\n${trailer ? 'X-Sum: 4\r\n' : ''}\r\n`
    const bytes = Buffer.concat([Buffer.from(text), Buffer.from('GET / HTTP/1.1\r\n')])
    const borders = cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b)
    const result = readAll(bytes, borders)
    expect(Buffer.from(result.body, 'latin1').toString()).toBe(chunks.map(({ data }) => data).join(''))
    expect(result).toMatchObject({ done: true, problem: null, used: Buffer.byteLength(text), trailers: trailer ? '4' : undefined })
  }))
})

test('a length counts bytes across reads, and leaves the rest', () => {
  expect(readAll(Buffer.from('abcdefgh'), [1, 2, 5], 6)).toMatchObject({ body: 'abcdef', used: 6, done: true })
})

test('the scanner finds the same end, or the same problem, however the bytes are cut', () => {
  const piece = fc.constantFrom('GET / HTTP/1.1', '\r\n', '\r\n\r\n', 'X: y', '\n', '\r', '\0', '\u00e9', '\t')
  fc.assert(fc.property(fc.array(piece, { maxLength: 8 }), fc.array(fc.nat(80), { maxLength: 10 }), (pieces, cuts) => {
    const bytes = Buffer.from(pieces.join(''), 'latin1')
    const scanAll = (borders: number[]): number | string => {
      const scanner = new HeadScanner()
      let from = 0
      for (const to of borders) {
        const end = scanner.scan(bytes, from, to)
        if (end === -2) return scanner.problem!.message
        if (end >= 0) return end
        from = to
      }
      return -1
    }
    const borders = [...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
    expect(scanAll(borders)).toBe(scanAll([bytes.length]))
  }))
})
