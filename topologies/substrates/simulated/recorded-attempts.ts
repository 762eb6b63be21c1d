// Rows of attempts, from the chunks where they were recorded into blocks of the history.

import type { BlockColumn, RowBlock } from '../../history.ts'
import { chunkMask, chunkShift, RecordedRows, rowsPerChunk, type Chunk } from './recorded-rows.ts'
import { compareTexts, type RequestIds } from './recorded-names.ts'
import { codesOf, numbersOf } from './recorded-requests.ts'
import { attemptOutcomeCodes, attemptReasonCodes, type RecorderNames } from './recorder.ts'

export const cancelled = attemptOutcomeCodes.indexOf('cancelled')

export interface AttemptChunk extends Chunk {
  /** Of the request that it serves, whose own row may be gone by now. */
  stream: Uint16Array
  index: Uint32Array
  attempt: Uint16Array
  reason: Uint8Array
  service: Uint16Array
  target: Int32Array
  region: Uint16Array
  gateway: Uint16Array
  status: Uint16Array
  outcome: Uint8Array
}

function makeChunk(): AttemptChunk {
  const n = rowsPerChunk
  return {
    open: 0, timeUs: new Float64Array(n), durationUs: new Int32Array(n), stream: new Uint16Array(n), index: new Uint32Array(n), attempt: new Uint16Array(n),
    reason: new Uint8Array(n), service: new Uint16Array(n), target: new Int32Array(n), region: new Uint16Array(n), gateway: new Uint16Array(n),
    status: new Uint16Array(n), outcome: new Uint8Array(n),
  }
}

export function recordedAttempts(names: RecorderNames, ids: RequestIds, give: (block: RowBlock) => void): RecordedRows<AttemptChunk> {
  const block = emptyBlock(names, ids.longest)
  const fill = filler(block, ids)
  const compare = comparison(names, ids)
  const rows: RecordedRows<AttemptChunk> = new RecordedRows(makeChunk, (row, other) => compare(
    rows.chunks[row >> chunkShift] as AttemptChunk, row & chunkMask, rows.chunks[other >> chunkShift] as AttemptChunk, other & chunkMask,
  ), (order, from, to) => {
    fill(rows.chunks, order, from, to)
    give(block)
  })
  return rows
}

/** The request's id, then the columns in the order of the table. */
function comparison({ services, targets, regions, gateways }: RecorderNames, ids: RequestIds): (a: AttemptChunk, i: number, b: AttemptChunk, j: number) => number {
  return (a, i, b, j) => ids.compare(a.stream[i], a.index[i], b.stream[j], b.index[j])
    || a.attempt[i] - b.attempt[j]
    || compareTexts(attemptReasonCodes[a.reason[i]], attemptReasonCodes[b.reason[j]])
    || compareTexts(services[a.service[i]], services[b.service[j]])
    || compareTexts(targets[a.target[i]], targets[b.target[j]])
    || compareTexts(regions[a.region[i]], regions[b.region[j]])
    || a.durationUs[i] - b.durationUs[j]
    || a.status[i] - b.status[j]
    || compareTexts(attemptOutcomeCodes[a.outcome[i]], attemptOutcomeCodes[b.outcome[j]])
    || compareTexts(gateways[a.gateway[i]], gateways[b.gateway[j]])
}

interface AttemptBlock extends RowBlock {
  requestId: Extract<BlockColumn, { kind: 'text' }>
}

function emptyBlock({ services, targets, regions, gateways }: RecorderNames, longestId: number): AttemptBlock {
  const n = rowsPerChunk
  const requestId: AttemptBlock['requestId'] = { kind: 'text', offsets: new Int32Array(n + 1), bytes: new Uint8Array(n * longestId) }
  const code = (values: readonly string[]): BlockColumn => ({ kind: 'code', codes: new Uint16Array(n), values })
  return {
    table: 'attempts', length: 0, requestId,
    columns: {
      requestId, attempt: { kind: 'uint16', values: new Uint16Array(n) }, reason: code(attemptReasonCodes), service: code(services),
      // Endpoints of 2,000 services in 15 regions are more than 16 bits count.
      target: { kind: 'code', codes: new Int32Array(n), values: targets },
      region: code(regions), startUs: { kind: 'us', values: new Float64Array(n) }, durationUs: { kind: 'int32', values: new Int32Array(n) },
      status: { kind: 'uint16', values: new Uint16Array(n) }, outcome: code(attemptOutcomeCodes), gateway: code(gateways),
    },
  }
}

type Fill = (chunks: readonly (AttemptChunk | undefined)[], order: Uint32Array, from: number, to: number) => void

function filler(block: AttemptBlock, ids: RequestIds): Fill {
  const { requestId, columns } = block
  const [reason, service, region, outcome, gateway] = [columns.reason, columns.service, columns.region, columns.outcome, columns.gateway].map(codesOf)
  const target = (columns.target as { codes: Int32Array }).codes
  const [attempt, status] = [columns.attempt, columns.status].map((column) => numbersOf(column) as Uint16Array)
  const startUs = numbersOf(columns.startUs) as Float64Array
  const durationUs = numbersOf(columns.durationUs) as Int32Array
  return (chunks, order, from, to) => {
    block.length = to - from
    let end = 0
    for (let i = from, row = 0; i < to; i++, row++) {
      const chunk = chunks[order[i] >> chunkShift] as AttemptChunk
      const at = order[i] & chunkMask
      end = ids.write(chunk.stream[at], chunk.index[at], requestId.bytes, end)
      requestId.offsets[row + 1] = end
      attempt[row] = chunk.attempt[at]
      reason[row] = chunk.reason[at]
      service[row] = chunk.service[at]
      target[row] = chunk.target[at]
      region[row] = chunk.region[at]
      startUs[row] = chunk.timeUs[at]
      durationUs[row] = chunk.durationUs[at]
      status[row] = chunk.status[at]
      outcome[row] = chunk.outcome[at]
      gateway[row] = chunk.gateway[at]
    }
  }
}
