// Rows that come in blocks: the same files as rows one by one give, readable after a kill, and mixed with rows.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import type { Scheduler } from '../../gateway/ports.ts'
import type { AttemptRow, BlockColumn, RequestRow, RowBlock } from '../history.ts'
import { attemptTable, columnNames, requestTable } from './columns.ts'
import { expandBlock } from './expand.ts'
import { openHistory, type HistoryWriter } from './open.ts'
import { readHistory } from './read.ts'

/** Time stands still: only full batches and the end are written. */
const still: Scheduler = { after: () => () => {}, every: () => () => {}, afterReading: () => () => {} }

const folders: string[] = []
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })))
function opened(): { dir: string; history: HistoryWriter } {
  folders.push(mkdtempSync(join(tmpdir(), 'regatta-blocks-')))
  const dir = folders.at(-1) as string
  return { dir, history: openHistory(dir, still) }
}

const requests = (count: number): RequestRow[] => Array.from({ length: count }, (_, i) => ({
  id: `böot-${String(i).padStart(6, '0')}`, source: i % 2 === 0 ? 'load' : 'prober', scheduledUs: i * 10, startUs: i * 10 + 1, durationUs: 900, group: `g${i % 3}`,
  // Names that turn up late, so that dictionaries grow from batch to batch.
  entry: 'edge', route: `route-${Math.floor(i / 1000)}`, protocol: 'http1', method: 'GET', gateway: 'frankfurt', region: `r${i % 7}`, pinned: '', status: 200,
  outcome: 'ok', attempts: 1, decisionNs: 0, eligible: i % 5 > 0, sampled: false, bytes: i,
}))
const attempts = (count: number): AttemptRow[] => Array.from({ length: count }, (_, i) => ({
  requestId: `load-${i}`, attempt: i % 3, reason: 'first', service: `s${i % 20}`, target: `t${i}`, region: 'eu', startUs: i, durationUs: 5, status: 200,
  outcome: 'ok', gateway: 'eu-west',
}))

/** As a writer of blocks makes them: its own lists of values, in its own order, longer arrays than rows. */
function blockOf(name: 'requests', rows: readonly RequestRow[]): RowBlock
function blockOf(name: 'attempts', rows: readonly AttemptRow[]): RowBlock
function blockOf(name: 'requests' | 'attempts', rows: readonly object[]): RowBlock {
  const table = name === 'requests' ? requestTable : attemptTable
  const columns: Record<string, BlockColumn> = {}
  for (const [column, kind] of Object.entries(table.columns)) {
    const values = rows.map((row) => (row as Record<string, unknown>)[column])
    if (kind === 'text') {
      const texts = (values as string[]).map((value) => Buffer.from(value))
      const offsets = new Int32Array(rows.length + 2)
      texts.forEach((text, i) => { offsets[i + 1] = offsets[i] + text.length })
      columns[column] = { kind, offsets, bytes: new Uint8Array(Buffer.concat([...texts, Buffer.from('rest')])) }
    } else if (kind === 'code') {
      const list = lists.get(column) ?? ['never used', 'twice', 'twice']
      lists.set(column, list)
      const codes = (values as string[]).map((value) => (list.includes(value) ? list.indexOf(value) : list.push(value) - 1))
      columns[column] = { kind, codes: column === 'target' ? Int32Array.from([...codes, 0]) : Uint16Array.from([...codes, 0]), values: list }
    } else if (kind === 'us') columns[column] = { kind, values: Float64Array.from([...values as number[], 0]) }
    else if (kind === 'int32') columns[column] = { kind, values: Int32Array.from([...values as number[], 0]) }
    else if (kind === 'uint16') columns[column] = { kind, values: Uint16Array.from([...values as number[], 0]) }
    else columns[column] = { kind: 'flag', values: Uint8Array.from([...values as boolean[], false], Number) }
  }
  return { table: name, length: rows.length, columns }
}
const lists = new Map<string, string[]>()
afterEach(() => lists.clear())

/** Cut into blocks of at most `size` rows. */
function pieces<Row>(rows: readonly Row[], size: number): Row[][] {
  return Array.from({ length: Math.ceil(rows.length / size) }, (_, i) => rows.slice(i * size, (i + 1) * size))
}

const some = requests(70_000)
const someAttempts = attempts(3_000)

describe('a run recorded in blocks', () => {
  it('leaves the same files, byte for byte, as row by row, however it is cut', async () => {
    const byRow = opened()
    some.forEach(byRow.history.request)
    someAttempts.forEach(byRow.history.attempt)
    await byRow.history.finalise()
    for (const size of [9_000, 65_536, 100_000]) {
      lists.clear()
      const byBlock = opened()
      for (const rows of pieces(some, size)) byBlock.history.block(blockOf('requests', rows))
      for (const rows of pieces(someAttempts, 700)) byBlock.history.block(blockOf('attempts', rows))
      await byBlock.history.finalise()
      expect(readdirSync(byBlock.dir).sort()).toEqual(['attempts.arrow', 'events.ndjson', 'requests.arrow'])
      for (const file of ['requests.arrow', 'attempts.arrow']) {
        expect(readFileSync(join(byBlock.dir, file)).equals(readFileSync(join(byRow.dir, file)))).toBe(true)
      }
    }
  })
  it('is read back, by us and by other readers of Arrow', async () => {
    const { dir, history } = opened()
    for (const rows of pieces(some, 16_384)) history.block(blockOf('requests', rows))
    await history.finalise()
    const read = readHistory(dir)
    expect(read.notes).toEqual([])
    expect(read.attempts.length).toBe(0)
    expect([...read.requests.rows()]).toEqual(some)
    expect(read.requests.region.values).toEqual(['r0', 'r1', 'r2', 'r3', 'r4', 'r5', 'r6'])
    const table = tableFromIPC(readFileSync(join(dir, 'requests.arrow')))
    expect(table.numRows).toBe(70_000)
    expect(table.get(69_999)?.toJSON()).toMatchObject({ id: 'böot-069999', route: 'route-69', eligible: true })
  })
  it('takes rows and blocks of one table, and sorts them as a whole', async () => {
    const { dir, history } = opened()
    history.block(blockOf('requests', some.slice(10, 20)))
    some.slice(0, 10).forEach(history.request)
    history.block(blockOf('requests', some.slice(20, 30)))
    await history.finalise()
    expect([...readHistory(dir).requests.rows()]).toEqual(some.slice(0, 30))
    expect(readdirSync(dir).sort()).toEqual(['attempts.arrow', 'events.ndjson', 'requests.arrow'])
    expect(() => history.block(blockOf('requests', some.slice(0, 1)))).toThrow(expect.objectContaining({ code: 'RGT_HISTORY_CLOSED' }))
  })
})

describe('a run recorded in blocks that was killed', () => {
  it('reads to its last whole batch, and says that it did not end', () => {
    const { dir, history } = opened()
    for (const rows of pieces(some, 16_384)) history.block(blockOf('requests', rows))
    const read = readHistory(dir)
    expect([...read.requests.rows()]).toEqual(some.slice(0, 65_536))
    expect(read.notes).toContain('requests.blocks.arrow has no end mark: the run did not end by itself')
  })
  it('reads with the rows that came one by one', () => {
    const { dir, history } = opened()
    some.slice(65_536, 67_536).forEach(history.request)
    history.block(blockOf('requests', some.slice(0, 65_536)))
    expect([...readHistory(dir).requests.rows()]).toEqual(some.slice(0, 67_536))
  })
  it('reads wherever the last write was torn', () => {
    const { dir, history } = opened()
    history.block(blockOf('requests', some.slice(0, 65_536)))
    const file = join(dir, 'requests.blocks.arrow')
    const { size } = statSync(file)
    const cuts = fc.sample(fc.nat(size - 1), { numRuns: 25, seed: 7 }).concat(0, 3, 8, 12).sort((a, b) => b - a)
    for (const cut of cuts) {
      truncateSync(file, cut)
      const read = readHistory(dir)
      expect(read.requests.length).toBe(0)
      expect(read.notes.join()).toMatch(/requests\.blocks\.arrow (is torn|is empty|has no end mark)/)
    }
  })
})

it('gives blocks back as rows', () => {
  const given: [RequestRow[], AttemptRow[]] = [[], []]
  const taker = { request: (row: RequestRow) => { given[0].push({ ...row }) }, attempt: (row: AttemptRow) => { given[1].push({ ...row }) } }
  expandBlock(blockOf('requests', some.slice(0, 50)), taker)
  expandBlock(blockOf('attempts', someAttempts.slice(0, 50)), taker)
  expect(given).toEqual([some.slice(0, 50), someAttempts.slice(0, 50)])
  expect(Object.keys(given[1][0])).toEqual(columnNames(attemptTable))
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
  const { dir, history } = opened()
  for (const rows of pieces(some, 16_384)) history.block(blockOf('requests', rows))
  await history.finalise()
  const program = 'import sys, pyarrow.ipc as i\nt = i.open_file(sys.argv[1] + "/requests.arrow").read_all(); t.validate(full=True)\nprint(t.num_rows, t.column("route")[-1].as_py(), t.column("id")[-1].as_py())'
  expect(execFileSync(python, ['-c', program, dir], { encoding: 'utf8' })).toBe('70000 route-69 böot-069999\n')
})
