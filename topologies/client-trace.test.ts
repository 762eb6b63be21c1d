// Which trace a request begins: valid ids, none twice, every bit spread evenly.

import { expect, test } from 'vitest'
import { clientTrace, clientTraceparent } from './client-trace.ts'

const ids = Array.from({ length: 20_000 }, (_, number) => `load-europe-${String(number).padStart(6, '0')}`)

test('ids are valid, none comes twice, and the same request begins the same trace', () => {
  expect(clientTraceparent('load-europe-000001')).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-02$/)
  expect(clientTraceparent('load-europe-000001')).toBe(clientTraceparent('load-europe-000001'))
  expect(new Set(ids.map((id) => clientTrace(id).traceId)).size).toBe(ids.length)
  expect(new Set(ids.map((id) => clientTrace(id).spanId)).size).toBe(ids.length)
})

test('each of the bits that sampling looks at is set in half of the ids', () => {
  const randomness = ids.map((id) => BigInt(`0x${clientTrace(id).traceId.slice(18)}`))
  for (let bit = 0n; bit < 56n; bit++) {
    const share = randomness.filter((value) => (value >> bit) & 1n).length / ids.length
    // Standard deviation of a fair coin thrown 20,000 times: 0.0035; six of them on each side.
    expect(Math.abs(share - 0.5), `bit ${bit}`).toBeLessThan(0.022)
  }
})

test('a share of the ids lies below each threshold as chance would have it', () => {
  for (const share of [0.01, 0.1, 0.5]) {
    const kept = ids.filter((id) => Number.parseInt(clientTrace(id).traceId.slice(18, 30), 16) >= 2 ** 48 * (1 - share)).length
    expect(Math.abs(kept - share * ids.length)).toBeLessThan(6 * Math.sqrt(ids.length * share * (1 - share)))
  }
})
