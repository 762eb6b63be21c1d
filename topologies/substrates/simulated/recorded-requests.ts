// Rows of requests, from the chunks where they were recorded into blocks of the history.

import type { BlockColumn, RowBlock } from '../../history.ts'
import { requestOutcomes } from '../../history.ts'
import { chunkMask, chunkShift, RecordedRows, rowsPerChunk, type Chunk } from './recorded-rows.ts'
import { coded, type Coded, type RequestIds } from './recorded-names.ts'
import type { RecorderNames } from './recorder.ts'

export const lost = requestOutcomes.indexOf('lost')

export interface RequestChunk extends Chunk {
  /** Stream and template as one number. */
  kind: Uint16Array
  index: Uint32Array
  stream: Uint16Array
  gateway: Uint16Array
  region: Uint16Array
  status: Uint16Array
  outcome: Uint8Array
  attempts: Uint16Array
  bytes: Int32Array
}

function makeChunk(): RequestChunk {
  const n = rowsPerChunk
  return {
    open: 0, timeUs: new Float64Array(n), durationUs: new Int32Array(n), kind: new Uint16Array(n), index: new Uint32Array(n), stream: new Uint16Array(n),
    gateway: new Uint16Array(n), region: new Uint16Array(n), status: new Uint16Array(n), outcome: new Uint8Array(n), attempts: new Uint16Array(n),
    bytes: new Int32Array(n),
  }
}

/** What follows from the stream and the template alone, by kind. */
const kindColumns = ['source', 'group', 'entry', 'pinned', 'route', 'method'] as const

export interface RecordedRequests {
  rows: RecordedRows<RequestChunk>
  /** Kind of a stream's first template. */
  firstKind: Int32Array
}

export function recordedRequests({ streams, gateways, regions }: RecorderNames, ids: RequestIds, give: (block: RowBlock) => void): RecordedRequests {
  const kinds = streams.flatMap((stream) => stream.templates.map((template) => ({ ...stream, ...template })))
  const constants = kindColumns.map((name) => coded(kinds.map((kind) => kind[name])))
  const eligible = Uint8Array.from(kinds, (kind) => (kind.eligible ? 1 : 0))
  const block = emptyBlock(constants, ['', ...gateways], ['', ...regions], ids.longest)
  const fill = filler(block, constants, eligible, ids)
  const rows: RecordedRows<RequestChunk> = new RecordedRows(makeChunk, compare, (order, from, to) => {
    fill(rows.chunks, order, from, to)
    give(block)
  })
  function compare(row: number, other: number): number {
    const [chunk, otherChunk] = [rows.chunks[row >> chunkShift], rows.chunks[other >> chunkShift]] as [RequestChunk, RequestChunk]
    const [at, otherAt] = [row & chunkMask, other & chunkMask]
    return ids.compare(chunk.stream[at], chunk.index[at], otherChunk.stream[otherAt], otherChunk.index[otherAt])
  }
  let before = 0
  return { rows, firstKind: Int32Array.from(streams, ({ templates }) => (before += templates.length) - templates.length) }
}

interface RequestBlock extends RowBlock {
  id: Extract<BlockColumn, { kind: 'text' }>
}

/** One block for all: its arrays are filled again and again. Columns that a simulation does not know stay nought. */
function emptyBlock(constants: readonly Coded[], gateways: readonly string[], regions: readonly string[], longestId: number): RequestBlock {
  const n = rowsPerChunk
  const id: RequestBlock['id'] = { kind: 'text', offsets: new Int32Array(n + 1), bytes: new Uint8Array(n * longestId) }
  const code = (values: readonly string[]): BlockColumn => ({ kind: 'code', codes: new Uint16Array(n), values })
  const columns: RowBlock['columns'] = {
    id, scheduledUs: { kind: 'us', values: new Float64Array(n) }, startUs: { kind: 'us', values: new Float64Array(n) },
    durationUs: { kind: 'int32', values: new Int32Array(n) }, protocol: code(['http1']), gateway: code(gateways), region: code(regions),
    status: { kind: 'uint16', values: new Uint16Array(n) }, outcome: code(requestOutcomes), attempts: { kind: 'uint16', values: new Uint16Array(n) },
    decisionNs: { kind: 'int32', values: new Int32Array(n) }, eligible: { kind: 'flag', values: new Uint8Array(n) },
    sampled: { kind: 'flag', values: new Uint8Array(n) }, bytes: { kind: 'int32', values: new Int32Array(n) },
  }
  kindColumns.forEach((name, at) => { columns[name] = code(constants[at].values) })
  return { table: 'requests', length: 0, columns, id }
}

type Fill = (chunks: readonly (RequestChunk | undefined)[], order: Uint32Array, from: number, to: number) => void

function filler(block: RequestBlock, constants: readonly Coded[], eligible: Uint8Array, ids: RequestIds): Fill {
  const { id, columns } = block
  const [source, group, entry, pinned, route, method] = kindColumns.map((name) => codesOf(columns[name]))
  const [sources, groups, entries, pins, routes, methods] = constants.map(({ codes }) => codes)
  const [gateway, region, outcome] = [columns.gateway, columns.region, columns.outcome].map(codesOf)
  const [scheduledUs, startUs] = [columns.scheduledUs, columns.startUs].map((column) => numbersOf(column) as Float64Array)
  const [durationUs, bytes] = [columns.durationUs, columns.bytes].map((column) => numbersOf(column) as Int32Array)
  const [status, attempts] = [columns.status, columns.attempts].map((column) => numbersOf(column) as Uint16Array)
  const isEligible = numbersOf(columns.eligible) as Uint8Array
  return (chunks, order, from, to) => {
    block.length = to - from
    let end = 0
    for (let i = from, row = 0; i < to; i++, row++) {
      const chunk = chunks[order[i] >> chunkShift] as RequestChunk
      const at = order[i] & chunkMask
      const kind = chunk.kind[at]
      end = ids.write(chunk.stream[at], chunk.index[at], id.bytes, end)
      id.offsets[row + 1] = end
      source[row] = sources[kind]
      group[row] = groups[kind]
      entry[row] = entries[kind]
      pinned[row] = pins[kind]
      route[row] = routes[kind]
      method[row] = methods[kind]
      isEligible[row] = eligible[kind]
      // In virtual time a generator sends when it is due.
      scheduledUs[row] = startUs[row] = chunk.timeUs[at]
      durationUs[row] = chunk.durationUs[at]
      gateway[row] = chunk.gateway[at]
      region[row] = chunk.region[at]
      status[row] = chunk.status[at]
      outcome[row] = chunk.outcome[at]
      attempts[row] = chunk.attempts[at]
      bytes[row] = chunk.bytes[at]
    }
  }
}

export function codesOf(column: BlockColumn): Uint16Array {
  return (column as { codes: Uint16Array }).codes
}

export function numbersOf(column: BlockColumn): unknown {
  return (column as { values: unknown }).values
}
