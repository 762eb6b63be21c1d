// Rows of attempts as they are recorded, and the columns that they become.

import { rowsPerChunk, RecordedRows, type Chunk } from './recorded-rows.ts'
import { compareTexts, idColumn, type RequestIds } from './recorded-names.ts'
import { attemptOutcomeCodes, attemptReasonCodes, type RecorderNames } from './recorder.ts'

export const cancelled = attemptOutcomeCodes.indexOf('cancelled')

export interface AttemptChunk extends Chunk {
  /** Of the request that it serves, whose own row may be gone by now. */
  stream: Uint16Array
  index: Uint32Array
  attempt: Uint16Array
  reason: Uint8Array
  service: Uint16Array
  /** Endpoints of 2,000 services in 15 regions are more than 16 bits count. */
  target: Int32Array
  region: Uint16Array
  gateway: Uint16Array
  status: Uint16Array
  outcome: Uint8Array
}

export function recordedAttempts(names: RecorderNames, ids: RequestIds, give: (chunk: AttemptChunk) => void): RecordedRows<AttemptChunk> {
  const requestId = idColumn(ids)
  return new RecordedRows(chunkMaker(names, requestId), comparison(names, ids), (chunk, length) => {
    chunk.block.length = length
    ids.fill(requestId, chunk.stream, chunk.index, length)
    give(chunk)
  })
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

function chunkMaker({ services, targets, regions, gateways }: RecorderNames, requestId: ReturnType<typeof idColumn>): () => AttemptChunk {
  return () => {
    const fields = {
      timeUs: new Float64Array(rowsPerChunk), durationUs: new Int32Array(rowsPerChunk), stream: new Uint16Array(rowsPerChunk),
      index: new Uint32Array(rowsPerChunk), attempt: new Uint16Array(rowsPerChunk), reason: new Uint8Array(rowsPerChunk),
      service: new Uint16Array(rowsPerChunk), target: new Int32Array(rowsPerChunk), region: new Uint16Array(rowsPerChunk),
      gateway: new Uint16Array(rowsPerChunk), status: new Uint16Array(rowsPerChunk), outcome: new Uint8Array(rowsPerChunk),
    }
    return {
      open: 0, ...fields, moved: Object.values(fields),
      block: {
        table: 'attempts', length: 0,
        columns: {
          requestId, attempt: { kind: 'uint16', values: fields.attempt }, reason: { kind: 'code', codes: fields.reason, values: attemptReasonCodes },
          service: { kind: 'code', codes: fields.service, values: services }, target: { kind: 'code', codes: fields.target, values: targets },
          region: { kind: 'code', codes: fields.region, values: regions }, startUs: { kind: 'us', values: fields.timeUs },
          durationUs: { kind: 'int32', values: fields.durationUs }, status: { kind: 'uint16', values: fields.status },
          outcome: { kind: 'code', codes: fields.outcome, values: attemptOutcomeCodes }, gateway: { kind: 'code', codes: fields.gateway, values: gateways },
        },
      },
    }
  }
}
