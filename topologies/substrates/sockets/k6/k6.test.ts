// k6's lines, codes and endings, without k6.

import { describe, expect, it } from 'vitest'
import { arrivalsOf } from '../../../arrivals.ts'
import type { LoadSpec } from '../../../substrate.ts'
import type { GroupEntries } from '../generator/bootstrap.ts'
import { k6Command } from './command.ts'
import { readEnding } from './ending.ts'
import { openRowReader, outcomeOfK6 } from './rows.ts'

const template = { name: 'cart', weight: 1, method: 'GET', host: 'shop.example', path: '/cart', headers: {}, bodyBytes: 0 }
const load: LoadSpec = {
  name: 'load', source: 'load', engine: 'k6', suite: '/runs/1/load.k6.ts', fromUs: 0, toUs: 100_000,
  streams: [{ group: 'europe', entry: null, ratePerSecond: 50, arrivals: 'constant', seed: 1, phaseUs: 0, timeoutMs: 2000, templates: [template], pinned: null }],
}
const entries: Record<string, GroupEntries> = {
  europe: { own: { kind: 'edge', edge: 'frankfurt' }, edges: { frankfurt: { host: '127.0.0.1', port: 4001, gateway: 'frankfurt' } }, regions: {} },
}
const zeroWallUs = 1_795_425_138_000_250
const line = (over: Record<number, string> = {}): string => [
  'row', 'load-europe', 'load-europe-000002', 'cart', 'GET', '0', '1795425138040.000', '1795425138041', '6021', '200', '0', '500', '2',
  'decision;dur=0.0042', 'eu-west', '', '', '',
].map((field, at) => over[at] ?? field).join('\t')

describe('rows', () => {
  it('are on the run\'s clock, with all that the suite saw', () => {
    expect(openRowReader(load, entries, zeroWallUs).read(line())).toEqual({
      id: 'load-europe-000002', source: 'load', scheduledUs: 39_750, startUs: 40_750, durationUs: 6021, group: 'europe', entry: 'edge', route: 'cart',
      protocol: 'http1', method: 'GET', gateway: 'frankfurt', region: 'eu-west', pinned: '', status: 200, outcome: 'ok', attempts: 2, decisionNs: 4200,
      eligible: true, sampled: false, bytes: 500,
    })
  })

  it('are sampled when the answer says so', () => {
    const sampled = (trace: string) => openRowReader(load, entries, zeroWallUs).read(line({ 17: trace }))!.sampled
    expect(['0af7651916cd43dd8448eb211c80319c-03', '0af7651916cd43dd8448eb211c80319c-02', 'x'].map(sampled)).toEqual([true, false, false])
  })

  it('start no earlier than scheduled, although k6 rounds down', () => {
    const row = openRowReader(load, entries, zeroWallUs).read(line({ 6: '1795425138040.700', 7: '1795425138040' }))!
    expect(row.startUs).toBe(row.scheduledUs)
  })

  it('are counted once, and other lines not at all', () => {
    const reader = openRowReader(load, entries, zeroWallUs)
    expect(reader.read(line())).not.toBeNull()
    expect(reader.read(line())).toBeNull()
    for (const other of ['', 'row', 'hello\tworld', line({ 1: 'load-mars' }), `${line({ 2: 'x' })}\tmore`]) expect(reader.read(other)).toBeNull()
  })

  it('of an exact suite are completed by those that never were', () => {
    const reader = openRowReader(load, entries, zeroWallUs)
    reader.read(line())
    expect(reader.missing()).toEqual([])
    reader.read('exact')
    const missing = reader.missing()
    const arrivals = [...arrivalsOf(load, 0)].filter(({ id }) => id !== 'load-europe-000002')
    expect(missing.map(({ id, scheduledUs, outcome }) => ({ id, scheduledUs, outcome })))
      .toEqual(arrivals.map(({ id, atUs }) => ({ id, scheduledUs: atUs, outcome: 'lost' })))
  })

  it('name no gateway when none answered', () => {
    expect(openRowReader(load, entries, 0).read(line({ 9: '0', 10: '1212', 14: '' }))).toMatchObject({ gateway: '', outcome: 'refused', status: 0 })
  })
})

it.each([
  [200, 0, '', 'ok'], [503, 1503, '', '5xx'], [503, 1503, 'RGT_RESIDENCY', 'residency'], [404, 1404, '', 'client-error'], [0, 1050, '', 'timeout'],
  [0, 1211, '', 'timeout'], [0, 1212, '', 'refused'], [0, 1220, '', 'reset'], [0, 1201, '', 'reset'], [0, 1000, '', 'closed'], [200, 1050, '', 'timeout'],
  [200, 1000, '', 'closed'],
] as const)('status %i with code %i and reason "%s" is %s', (status, code, reason, outcome) => expect(outcomeOfK6(status, code, reason)).toBe(outcome))

describe('the command', () => {
  it('keeps token and addresses out of the argument list', () => {
    const { args, env } = k6Command({ load, entries, token: 'secret', gateUrl: 'http://127.0.0.1:9/start', consoleFile: '/c', summaryFile: '/s' })
    expect(args.join(' ')).not.toMatch(/secret|4001/)
    expect(args.at(-1)).toBe('/runs/1/load.k6.ts')
    expect(env.REGATTA_TOKEN).toBe('secret')
    expect(JSON.parse(env.REGATTA_WAYS)).toEqual({ 'load-europe': { kind: 'edge', addresses: ['127.0.0.1:4001'], tryTimeoutMs: 2000 } })
  })

  it('needs a suite', () => {
    const { suite: _, ...without } = load
    expect(() => k6Command({ load: without, entries, token: '', gateUrl: '', consoleFile: '', summaryFile: '' }))
      .toThrow(expect.objectContaining({ code: 'RGT_K6_RUN' }))
  })
})

describe('the ending', () => {
  const summary = JSON.stringify({ metrics: { iterations: { count: 7 }, dropped_iterations: { count: 2 } } })

  it('counts, also when the suite\'s own thresholds were missed', () => {
    expect(readEnding('load', { exitCode: 0, summary, stderr: '' })).toEqual({ iterations: 7, dropped: 2 })
    expect(readEnding('load', { exitCode: 99, summary, stderr: 'thresholds on metrics have been crossed' })).toEqual({ iterations: 7, dropped: 2 })
    expect(readEnding('load', { exitCode: 0, summary: '{"metrics":{}}', stderr: 'Request Failed' })).toEqual({ iterations: 0, dropped: 0 })
  })

  it.each([
    ['threw in an iteration', { exitCode: 0, summary, stderr: 'TypeError: x is null\n\tat default (file:///s.ts:3:4(5))\n' }, 'RGT_K6_SCRIPT', /x is null at default/],
    ['threw while loading', { exitCode: 107, summary: null, stderr: 'ReferenceError: y is not defined' }, 'RGT_K6_SCRIPT', /y is not defined/],
    ['was killed', { exitCode: null, summary: null, stderr: '' }, 'RGT_K6_RUN', /nothing on standard error/],
    ['was interrupted', { exitCode: 105, summary, stderr: 'test run was aborted' }, 'RGT_K6_RUN', /aborted/],
    ['wrote no summary', { exitCode: 0, summary: null, stderr: '' }, 'RGT_K6_RUN', /nothing/],
  ])('is an error when it %s', (_, ending, code, found) => {
    expect(() => readEnding('load', ending)).toThrow(expect.objectContaining({ code, details: expect.objectContaining({ found: expect.stringMatching(found) }) }))
  })
})
