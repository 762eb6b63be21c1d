// The arithmetic of benchmarks, and that what others print is read or refused, never guessed.

import { describe, expect, it } from 'vitest'
import { buildRouteTable } from '../../gateway/routing/match.ts'
import { quantile, rotated, summarise } from './bench.ts'
import { parseWrk } from './client.ts'
import { makeFederation } from './federation.ts'
import { benches } from './index.ts'
import { medianInterval } from './mesh.ts'
import { routeSet } from './routes.ts'

describe('results', () => {
  it('are the median and the interquartile range over the rounds', () => {
    expect(summarise('a', [5, 1, 3, 2, 4], 'ns')).toEqual({ name: 'a', value: 3, unit: 'ns', spread: 2 })
    expect(summarise('a', [7], 'ns')).toEqual({ name: 'a', value: 7, unit: 'ns', spread: null })
    expect(summarise('a', [], 'ns', 'why')).toEqual({ name: 'a', value: null, unit: 'ns', spread: null, note: 'why' })
  })

  it('interpolate between ranks', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5)
    expect(quantile([1, 2, 3, 4], 1)).toBe(4)
  })

  it('begin each round with another contender', () => {
    expect([0, 1, 2, 3].map((round) => rotated(['a', 'b', 'c'], round).join(''))).toEqual(['abc', 'bca', 'cab', 'abc'])
  })
})

describe('the interval of a median', () => {
  it('is made of ranks, and covers the median as often as it says', () => {
    expect(medianInterval([1, 2, 3, 4, 5])).toBeNull()
    // Ranks 14 and 27 of 40, as tables of the binomial have them (P = 0.962).
    expect(medianInterval(Array.from({ length: 40 }, (_, at) => 40 - at))).toEqual([13, 28])
  })
})

describe('wrk', () => {
  const text = `Running 2s test @ http://127.0.0.1:1/
  1 threads and 64 connections
  54321 requests in 2.00s, 20.00MB read
  Socket errors: connect 1, read 2, write 0, timeout 3
  Non-2xx or 3xx responses: 7
Requests/sec:  27160.50
`
  it('is read with its errors', () => {
    expect(parseWrk(text)).toEqual({ requests: 54_321, requestsPerSecond: 27_160.5, errors: 13 })
    expect(parseWrk(text.replace(/^ {2}(Socket|Non).*\n/gm, '')).errors).toBe(0)
  })

  it('is not believed when it says something else', () => {
    expect(() => parseWrk('unable to connect')).toThrow('something else')
  })
})

describe('route sets', () => {
  it.each(['mixed', 'exact', 'prefix', 'parameter'] as const)('of kind %s answer every request, and use many routes', (mix) => {
    const { snapshot, host, paths, patterns } = routeSet(1000, mix)
    const table = buildRouteTable(snapshot.routes)
    const used = new Set(paths.map((path) => table.match(host, path, '', 'GET', { get: () => undefined })?.routeIndex))
    expect(used.has(undefined)).toBe(false)
    expect([used.size, patterns.length]).toEqual([1000, 1000])
  })
})

it.each([false, true])('a federation takes every request through two cores, or none when idle: %s', (idle) => {
  const federation = makeFederation({ regions: 3, services: 5, spread: [1, 2], perSecond: 1000 }, idle)
  federation.run(2e6)
  // 2,000 requests; those of the last 50 ms are still out, longer than any path and service take.
  expect(federation.passes).toBeGreaterThan(2 * 1950)
  expect(federation.passes).toBeLessThanOrEqual(2 * 2000)
})

it('benchmarks are keyed by their names', () => {
  for (const [key, { name }] of Object.entries(benches)) expect(name).toBe(key)
})
