// The record of a run: what goes in comes out, whatever the order, whether the run ended, was killed, or was torn.

import { execFileSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { Scheduler } from '../../gateway/ports.ts'
import { requestOutcomes, requestSources, type AttemptRow, type HistoryEvent, type RequestRow, type SpanRow } from '../history.ts'
import { openHistory } from './open.ts'
import { readHistory } from './read.ts'

/** Time stands still: only full batches and the end are written. */
const still: Scheduler = { after: () => () => {}, every: () => () => {}, afterReading: () => () => {} }

const folders: string[] = []
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })))
function folder(): string {
  folders.push(mkdtempSync(join(tmpdir(), 'regatta-history-')))
  return folders.at(-1) as string
}

const name = fc.string({ unit: 'grapheme', maxLength: 12 })
const whole = (max: number) => fc.integer({ min: 0, max })
const requestRow: fc.Arbitrary<RequestRow> = fc.record({
  id: name, source: fc.constantFrom(...requestSources), scheduledUs: fc.double({ noNaN: true, min: -1e9, max: 1e12 }), startUs: whole(2 ** 45),
  durationUs: whole(2 ** 31 - 1), group: name, entry: fc.constantFrom('edge', 'direct', 'list'), route: name, protocol: name, method: name,
  gateway: name, region: name, pinned: name, status: whole(65_535), outcome: fc.constantFrom(...requestOutcomes), attempts: whole(65_535),
  decisionNs: whole(2 ** 31 - 1), eligible: fc.boolean(), sampled: fc.boolean(), bytes: whole(2 ** 31 - 1),
})
const attemptRow: fc.Arbitrary<AttemptRow> = fc.record({
  requestId: name, attempt: whole(9), reason: fc.constantFrom('first', 'retry', 'hedge', 'pinned', 'mirror'), service: name, target: name,
  region: name, startUs: whole(2 ** 45), durationUs: whole(2 ** 31 - 1), status: whole(999), outcome: fc.constantFrom('ok', '5xx', 'timeout'), gateway: name,
})
const spanRow: fc.Arbitrary<SpanRow> = fc.record({
  traceId: name, spanId: name, parentSpanId: name, process: name, kind: fc.constantFrom('server', 'client', 'internal'), name, startUs: whole(2 ** 45),
  durationUs: whole(2 ** 31 - 1), requestId: name, route: name, service: name, region: name, target: name, status: whole(999), attempt: whole(9),
  outcome: name, kept: fc.constantFrom('policy', 'error', ''), adjustedCount: fc.double({ noNaN: true, min: 0, max: 1e6 }),
})
const numbered = (count: number): RequestRow[] => Array.from({ length: count }, (_, i) => ({
  id: `r${i}`, source: 'load', scheduledUs: i * 1000, startUs: i * 1000 + 3, durationUs: 900, group: `g${i % 3}`, entry: 'edge', route: 'orders',
  protocol: 'http/1.1', method: 'GET', gateway: 'edge/frankfurt', region: `r${i % 7}`, pinned: '', status: 200, outcome: 'ok', attempts: 1,
  decisionNs: 800, eligible: true, sampled: false, bytes: 256,
}))

async function written(rows: readonly RequestRow[], attempts: readonly AttemptRow[] = [], events: readonly HistoryEvent[] = []): Promise<string> {
  const dir = folder()
  const history = openHistory(dir, still)
  rows.forEach(history.request)
  attempts.forEach(history.attempt)
  events.forEach(history.event)
  await history.finalise()
  return dir
}

describe('spans', () => {
  const bySpan = (a: SpanRow, b: SpanRow): number => a.startUs - b.startUs || (a.traceId < b.traceId ? -1 : 1)

  it('come back sorted from a finished run and from one that was killed', async () => {
    await fc.assert(fc.asyncProperty(fc.uniqueArray(spanRow, { selector: (row) => row.traceId, minLength: 1, maxLength: 40 }), async (rows) => {
      const dir = folder()
      const history = openHistory(dir, still)
      rows.forEach(history.span)
      const early = readHistory(dir).spans.length
      await history.finalise()
      expect(early).toBeLessThanOrEqual(rows.length)
      expect([...readHistory(dir).spans.rows()]).toEqual([...rows].sort(bySpan))
      expect(readdirSync(dir).sort()).toEqual(['attempts.arrow', 'events.ndjson', 'requests.arrow', 'spans.arrow'])
    }), { numRuns: 30 })
  })

  it('are an empty table without a note where nothing was traced, and nothing of an earlier run stays', async () => {
    const dir = folder()
    for (const name of ['spans.arrow', 'spans.arrows', 'spans.blocks.arrow']) writeFileSync(join(dir, name), 'of an earlier run')
    const history = openHistory(dir, still)
    await history.finalise()
    const { spans, notes } = readHistory(dir)
    expect([spans.length, notes]).toEqual([0, []])
    expect(readdirSync(dir).filter((file) => file.startsWith('spans'))).toEqual([])
  })
})

const byTime = (a: RequestRow, b: RequestRow): number => a.scheduledUs - b.scheduledUs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

describe('a finished run', () => {
  it('gives every row back, sorted', async () => {
    await fc.assert(fc.asyncProperty(fc.uniqueArray(requestRow, { selector: (row) => row.id, maxLength: 40 }), fc.array(attemptRow, { maxLength: 40 }), async (rows, attempts) => {
      const history = readHistory(await written(rows, attempts))
      expect([...history.requests.rows()]).toEqual([...rows].sort(byTime))
      expect(history.attempts.length).toBe(attempts.length)
      expect([...history.attempts.rows()]).toEqual(expect.arrayContaining(attempts))
      expect(history.notes).toEqual([])
    }), { numRuns: 40 })
  })
  it('is the same file, byte for byte, whatever order the rows came in', async () => {
    await fc.assert(fc.asyncProperty(fc.array(requestRow, { maxLength: 30 }), fc.array(attemptRow, { maxLength: 30 }), async (rows, attempts) => {
      const [one, other] = [await written(rows, attempts), await written([...rows].reverse(), [...attempts].reverse())]
      for (const file of ['requests.arrow', 'attempts.arrow']) expect(readFileSync(join(one, file)).equals(readFileSync(join(other, file)))).toBe(true)
    }), { numRuns: 40 })
  })
  it('leaves the final files and nothing else', async () => {
    expect(readdirSync(await written(numbered(3))).sort()).toEqual(['attempts.arrow', 'events.ndjson', 'requests.arrow'])
  })
  it('spans many batches, of stream and of file', async () => {
    const rows = numbered(70_000)
    const history = readHistory(await written([...rows].reverse()))
    expect(history.requests.length).toBe(70_000)
    expect(history.requests.row(69_999)).toEqual(rows[69_999])
    expect(history.requests.region.values).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6'])
    expect(history.requests.scheduledUs.every((value, i) => value === i * 1000)).toBe(true)
  })
  it('keeps more names than 16 bits count', async () => {
    const rows = numbered(40_000).map((row, i) => ({ ...row, route: `route-${i}` }))
    expect(readHistory(await written(rows)).requests.route.at(39_999)).toBe('route-39999')
  })
  it('copies rows that the writer uses again', async () => {
    const dir = folder()
    const history = openHistory(dir, still)
    const row = numbered(1)[0]
    history.request(row)
    row.id = 'changed'
    await history.finalise()
    expect(readHistory(dir).requests.id.at(0)).toBe('r0')
    expect(() => history.request(row)).toThrow(expect.objectContaining({ code: 'RGT_HISTORY_CLOSED' }))
    await history.finalise()
  })
  it('holds numbers within the width of their columns', async () => {
    const [row] = numbered(1)
    const read = readHistory(await written([{ ...row, durationUs: 1e12, status: -1, decisionNs: Number.NaN, bytes: 1.6 }])).requests.row(0)
    expect(read).toMatchObject({ durationUs: 2 ** 31 - 1, status: 0, decisionNs: 0, bytes: 2 })
  })
  it('is what other readers of Arrow read', async () => {
    const table = tableFromIPC(readFileSync(join(await written(numbered(5)), 'requests.arrow')))
    expect(table.numRows).toBe(5)
    expect(table.get(4)?.toJSON()).toMatchObject({ id: 'r4', region: 'r4', scheduledUs: 4000, eligible: true })
    expect(table.schema.metadata.get('regatta.history')).toBe('1')
  })
})

describe('a run that was killed', () => {
  function killed(rows: readonly RequestRow[]): string {
    const dir = folder()
    const history = openHistory(dir, still)
    rows.forEach(history.request)
    history.event({ atUs: 1, source: 'run', kind: 'phase', phase: 'steady' })
    return dir
  }
  it('reads to its last whole batch, and says that it did not end', () => {
    const history = readHistory(killed(numbered(2_500)))
    expect(history.requests.length).toBe(2_000)
    expect(history.events.length).toBe(1)
    expect(history.notes).toContain('requests.arrows has no end mark: the run did not end by itself')
  })
  it('reads wherever the last write was torn', () => {
    const dir = killed(numbered(2_000))
    const size = statSync(join(dir, 'requests.arrows')).size
    fc.assert(fc.property(fc.integer({ min: 0, max: size - 1 }), (cut) => {
      const copy = folder()
      cpSync(dir, copy, { recursive: true })
      truncateSync(join(copy, 'requests.arrows'), cut)
      const history = readHistory(copy)
      expect([0, 1_000]).toContain(history.requests.length)
      expect(history.notes.join()).toMatch(/requests\.arrows (is torn|is empty|has no end mark)/)
    }), { numRuns: 60 })
  })
  it('leaves out a torn or foreign line of events, and says which', () => {
    const dir = killed([])
    writeFileSync(join(dir, 'events.ndjson'), '{"atUs":5,"source":"run","kind":"phase","phase":"fault"}\nnonsense\n{"atUs":1,"source":"run","kind":"phase","phase":"steady"}\n{"atUs":9,"so')
    const history = readHistory(dir)
    expect(history.events.map((event) => event.atUs)).toEqual([1, 5])
    expect(history.notes).toEqual(expect.arrayContaining(['events.ndjson ends in a torn line, which is left out', 'events.ndjson:2 is not an event and is left out']))
  })
  it('says what is missing', () => {
    expect(readHistory(folder()).notes).toEqual(['requests.arrow is missing', 'attempts.arrow is missing', 'events.ndjson is missing'])
  })
})

it('refuses a table that is not ours, with its code', async () => {
  const dir = await written(numbered(1))
  cpSync(join(dir, 'attempts.arrow'), join(dir, 'requests.arrow'))
  expect(() => readHistory(dir)).toThrow(expect.objectContaining({ code: 'RGT_HISTORY_FORMAT' }))
})

const python = process.env.REGATTA_TEST_PYTHON ?? 'python3'
const hasPyarrow = ((): boolean => {
  try {
    execFileSync(python, ['-c', 'import pyarrow'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()
it.skipIf(!hasPyarrow)(`is opened by pyarrow${hasPyarrow ? '' : ' (skipped: python3 has no module pyarrow)'}`, async () => {
  const dir = await written(numbered(70_000))
  const program = 'import sys, pyarrow.ipc as i\nfor n in ("requests", "attempts"):\n t = i.open_file(sys.argv[1] + "/" + n + ".arrow").read_all(); t.validate(full=True)\n print(t.num_rows, t.column(0)[-1].as_py() if t.num_rows else "")'
  expect(execFileSync(python, ['-c', program, dir], { encoding: 'utf8' })).toBe('70000 r69999\n0 \n')
})
