// What goes into the recorder comes out of the sink: every row once, in the table's order, however rows overlap.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requestOutcomes, type AttemptRow, type HistorySink, type RequestRow } from '../../history.ts'
import { expandBlock } from '../../history/expand.ts'
import { attemptOutcomeCodes, attemptReasonCodes, type Recorder, type RecorderNames } from './recorder.ts'
import { rowsPerChunk } from './recorded-rows.ts'
import { countingRecorder, createRecorder } from './recording.ts'

const templates = [{ route: 'orders', method: 'GET', eligible: true }, { route: 'pay', method: 'POST', eligible: false }]
const names = (): RecorderNames => ({
  streams: [
    { label: 'load-eu', source: 'load', group: 'eu', entry: 'edge', pinned: '', templates },
    { label: 'load-eu-1', source: 'load', group: 'eu-1', entry: 'edge', pinned: '', templates },
    { label: 'paths-süd', source: 'path-probe', group: 'eu', entry: 'direct', pinned: 'eu-west', templates: templates.slice(0, 1) },
  ],
  gateways: ['frankfurt', 'eu-west'], regions: ['eu-west', 'us-east'], services: ['b', 'a'], targets: ['10.0.0.1:80'],
})

interface Taken { requests: RequestRow[]; attempts: AttemptRow[]; sink: HistorySink }
/** `blocks` false: a sink that knows rows only. */
function taker(blocks: boolean): Taken {
  const [requests, attempts]: [RequestRow[], AttemptRow[]] = [[], []]
  const rows = { request: (row: RequestRow) => { requests.push({ ...row }) }, attempt: (row: AttemptRow) => { attempts.push({ ...row }) } }
  const refuse = (): never => { throw new Error('a row, although blocks are taken') }
  const sink: HistorySink = blocks
    ? { event: refuse, request: refuse, attempt: refuse, block: (block) => expandBlock(block, rows) }
    : { event: refuse, ...rows }
  return { requests, attempts, sink }
}

/** One request with its attempts, begun at `atUs`; `lastsUs` -1 = never ends. */
interface Played { stream: number; atUs: number; lastsUs: number; attempts: { afterUs: number; lastsUs: number; target: number }[] }

/** Plays all beginnings and ends in order of time, and gives the rows that must come out. */
function play(recorder: Recorder, played: readonly Played[], endUs: number): { requests: RequestRow[]; attempts: AttemptRow[] } {
  const { streams, targets } = recorder.names
  const expected: { requests: RequestRow[]; attempts: AttemptRow[] } = { requests: [], attempts: [] }
  const steps: { atUs: number; play(): void }[] = []
  const counts = streams.map(() => 0)
  for (const { stream, atUs, lastsUs, attempts } of played.toSorted((a, b) => a.atUs - b.atUs)) {
    const index = counts[stream]++
    const of = streams[stream]
    const id = `${of.label}-${String(index).padStart(6, '0')}`
    let row = -1
    steps.push({ atUs, play: () => { row = recorder.openRequest(stream, index, 0, atUs) } })
    if (lastsUs >= 0) steps.push({ atUs: atUs + lastsUs, play: () => recorder.closeRequest(row, atUs + lastsUs, 1, 2, 200, 0, attempts.length, 7) })
    expected.requests.push({
      id, source: of.source as 'load', scheduledUs: atUs, startUs: atUs, durationUs: lastsUs < 0 ? endUs - atUs : lastsUs, group: of.group, entry: of.entry,
      route: 'orders', protocol: 'http1', method: 'GET', gateway: lastsUs < 0 ? '' : 'frankfurt', region: lastsUs < 0 ? '' : 'us-east', pinned: of.pinned,
      status: lastsUs < 0 ? 0 : 200, outcome: lastsUs < 0 ? 'lost' : 'ok', attempts: lastsUs < 0 ? 0 : attempts.length, decisionNs: 0, eligible: true,
      sampled: false, bytes: lastsUs < 0 ? 0 : 7,
    })
    attempts.forEach(({ afterUs, lastsUs: tookUs, target }, attempt) => {
      const startUs = atUs + afterUs
      let handle = -1
      steps.push({ atUs: startUs, play: () => { handle = recorder.openAttempt(row, 1, attempt, attempt === 0 ? 0 : 2, target % 2, target, 0, startUs) } })
      if (tookUs >= 0) steps.push({ atUs: startUs + tookUs, play: () => recorder.closeAttempt(handle, startUs + tookUs, 503, 1) })
      expected.attempts.push({
        requestId: id, attempt, reason: attempt === 0 ? 'first' : 'hedge', service: ['b', 'a'][target % 2], target: targets[target], region: 'eu-west',
        startUs, durationUs: tookUs < 0 ? endUs - startUs : tookUs, status: tookUs < 0 ? 0 : 503, outcome: tookUs < 0 ? 'cancelled' : '5xx', gateway: 'eu-west',
      })
    })
  }
  steps.map((step, order) => ({ ...step, order })).sort((a, b) => a.atUs - b.atUs || a.order - b.order).forEach((step) => step.play())
  recorder.finish(endUs)
  return expected
}

const by = <Row>(...keys: (keyof Row)[]) => (a: Row, b: Row): number => {
  for (const key of keys) if (a[key] !== b[key]) return a[key] < b[key] ? -1 : 1
  return 0
}
const sorted = ({ requests, attempts }: { requests: RequestRow[]; attempts: AttemptRow[] }): { requests: RequestRow[]; attempts: AttemptRow[] } => ({
  requests: requests.toSorted(by('scheduledUs', 'id')), attempts: attempts.toSorted(by('startUs', 'requestId', 'attempt')),
})

const request: fc.Arbitrary<Played> = fc.record({
  stream: fc.nat(2), atUs: fc.nat(40), lastsUs: fc.integer({ min: -1, max: 60 }),
  attempts: fc.array(fc.record({ afterUs: fc.nat(80), lastsUs: fc.integer({ min: -1, max: 60 }), target: fc.constant(0) }), { maxLength: 3 }),
})

/** Deterministic and long enough for chunks to be given away while others are held open. */
function many(count: number, gapUs: number): Played[] {
  return Array.from({ length: count }, (_, i) => ({
    stream: i % 3, atUs: Math.floor(i / 3) * gapUs, lastsUs: i % 20_011 === 5 ? -1 : (i * 7919) % 50_000,
    attempts: [{ afterUs: i % 5, lastsUs: (i * 104_729) % 30_000, target: i % 3 }, ...(i % 10 === 0 ? [{ afterUs: 60_000, lastsUs: 1000, target: 0 }] : [])],
  }))
}

describe.each([['blocks', true], ['rows', false]])('into a sink of %s', (_, blocks) => {
  it('gives every row once, in order, whatever is open', () => {
    fc.assert(fc.property(fc.array(request, { maxLength: 30 }), (played) => {
      const { sink, ...taken } = taker(blocks)
      const expected = play(createRecorder(names(), sink), played, 500)
      expect(taken).toEqual(sorted(expected))
    }))
  })
})

it('keeps the order over the edges of chunks, with names that came later', () => {
  for (const gapUs of [0, 10]) {
    const { sink, ...taken } = taker(true)
    const recorder = createRecorder(names(), sink)
    recorder.names.targets.push('10.0.0.2:80', '10.0.0.3:80')
    const expected = sorted(play(recorder, many(rowsPerChunk * 2 + 77, gapUs), 10_000_000))
    expect(taken.requests).toEqual(expected.requests)
    expect(taken.attempts).toEqual(expected.attempts)
  }
})

it('gives rows away while the run is on', () => {
  let given = 0
  const sink: HistorySink = { event() {}, request() {}, attempt() {}, block: (block) => { given += block.length } }
  const recorder = createRecorder(names(), sink)
  for (let i = 0; i < rowsPerChunk * 3; i++) recorder.closeRequest(recorder.openRequest(0, i, 0, i), i + 5, 1, 1, 200, 0, 1, 0)
  // All but the last chunk: the next row may be of its last row's time.
  expect(given).toBe(rowsPerChunk * 2)
  recorder.openRequest(0, rowsPerChunk * 3, 0, rowsPerChunk * 3)
  expect(given).toBe(rowsPerChunk * 3)
})

it('counts beyond six digits as the history names and sorts them', () => {
  const { sink, requests } = taker(true)
  const recorder = createRecorder(names(), sink)
  for (const index of [999_999, 1_000_000, 4_294_967_295]) recorder.openRequest(0, index, 0, 1)
  recorder.finish(2)
  expect(requests.map(({ id }) => id)).toEqual(['load-eu-1000000', 'load-eu-4294967295', 'load-eu-999999'])
})

it('refuses rows out of turn', () => {
  const recorder = createRecorder(names(), taker(true).sink)
  const row = recorder.openRequest(0, 0, 0, 10)
  expect(() => recorder.openRequest(0, 1, 0, 9)).toThrow(expect.objectContaining({ code: 'RGT_RECORDER_TURN' }))
  recorder.closeRequest(row, 20, 1, 1, 200, 0, 1, 0)
  expect(() => recorder.closeRequest(row, 21, 1, 1, 200, 0, 1, 0)).toThrow(expect.objectContaining({ code: 'RGT_RECORDER_TURN' }))
  expect(() => recorder.closeAttempt(0, 21, 200, 0)).toThrow(expect.objectContaining({ code: 'RGT_RECORDER_TURN' }))
})

it('counts and keeps nothing', () => {
  const recorder = countingRecorder(names())
  const row = recorder.openRequest(0, 0, 0, 1)
  recorder.openRequest(0, 1, 0, 2)
  recorder.closeAttempt(recorder.openAttempt(row, 0, 0, attemptReasonCodes.indexOf('first'), 0, 0, 0, 2), 3, 200, 0)
  recorder.closeRequest(row, 4, 1, 1, 200, 0, 1, 0)
  recorder.finish(5)
  expect(recorder.counts).toMatchObject({ requests: 2, attempts: 1 })
  expect(recorder.counts.requestOutcomes[requestOutcomes.indexOf('ok')]).toBe(1)
  expect(recorder.counts.requestOutcomes[requestOutcomes.indexOf('lost')]).toBe(1)
  expect(recorder.counts.attemptOutcomes[attemptOutcomeCodes.indexOf('ok')]).toBe(1)
})
