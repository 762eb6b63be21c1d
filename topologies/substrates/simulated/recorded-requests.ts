// Rows of requests as they are recorded, and the columns that they become.

import { requestOutcomes, type BlockColumn } from '../../history.ts'
import { rowsPerChunk, RecordedRows, type Chunk } from './recorded-rows.ts'
import { checkCount, idColumn, type RequestIds } from './recorded-names.ts'
import type { RecordedStream, RecorderNames } from './recorder.ts'

export const lost = requestOutcomes.indexOf('lost')

export interface RequestChunk extends Chunk {
  stream: Uint16Array
  index: Uint32Array
  /** What follows from stream and template alone, as one number for all columns of that sort. */
  kind: Uint16Array
  gateway: Uint16Array
  region: Uint16Array
  status: Uint16Array
  outcome: Uint8Array
  attempts: Uint16Array
  sampled: Uint8Array
  bytes: Int32Array
}

export interface RecordedRequests {
  rows: RecordedRows<RequestChunk>
  /** Kind of a template: `kinds[firstTemplate[stream] + template]`. */
  kinds: Uint16Array
  firstTemplate: Int32Array
}

export function recordedRequests(names: RecorderNames, ids: RequestIds, give: (chunk: RequestChunk) => void): RecordedRequests {
  const { kinds, kindOf } = kindsOf(names.streams)
  const eligibleKinds = Uint8Array.from(kinds, ({ eligible }) => (eligible ? 1 : 0))
  // One for all chunks: they are filled in as a chunk leaves. What a simulation does not know stays nought.
  const id = idColumn(ids)
  const eligible = new Uint8Array(rowsPerChunk)
  const make = chunkMaker(names, kinds, { id, eligible: { kind: 'flag', values: eligible } })
  let before = 0
  return {
    rows: new RecordedRows(make, (a, i, b, j) => ids.compare(a.stream[i], a.index[i], b.stream[j], b.index[j]), (chunk, length) => {
      chunk.block.length = length
      ids.fill(id, chunk.stream, chunk.index, length)
      for (let row = 0; row < length; row++) eligible[row] = eligibleKinds[chunk.kind[row]]
      give(chunk)
    }),
    kinds: kindOf,
    firstTemplate: Int32Array.from(names.streams, ({ templates }) => (before += templates.length) - templates.length),
  }
}

type Kind = Omit<RecordedStream, 'templates' | 'label'> & RecordedStream['templates'][number]

/** A stream may have thousands of templates that a row of the history does not tell apart. */
function kindsOf(streams: readonly RecordedStream[]): { kinds: Kind[]; kindOf: Uint16Array } {
  const kinds = new Map<string, { kind: Kind; number: number }>()
  const kindOf = streams.flatMap(({ source, group, entry, pinned, templates }) => templates.map(({ route, method, eligible }) => {
    const key = JSON.stringify([source, group, entry, pinned, route, method, eligible])
    const known = kinds.get(key) ?? { kind: { source, group, entry, pinned, route, method, eligible }, number: kinds.size }
    kinds.set(key, known)
    return known.number
  }))
  checkCount(kinds.size, 'sorts of requests')
  return { kinds: [...kinds.values()].map(({ kind }) => kind), kindOf: Uint16Array.from(kindOf) }
}

function chunkMaker({ gateways, regions }: RecorderNames, kinds: readonly Kind[], shared: Record<'id' | 'eligible', BlockColumn>): () => RequestChunk {
  const values = {
    source: kinds.map(({ source }) => source), group: kinds.map(({ group }) => group), entry: kinds.map(({ entry }) => entry),
    route: kinds.map(({ route }) => route), method: kinds.map(({ method }) => method), pinned: kinds.map(({ pinned }) => pinned),
    gateway: ['', ...gateways], region: ['', ...regions], outcome: requestOutcomes, protocol: ['http1'],
  }
  const zeros = { uint8: new Uint8Array(rowsPerChunk), int32: new Int32Array(rowsPerChunk) }
  return () => {
    const fields = {
      timeUs: new Float64Array(rowsPerChunk), durationUs: new Int32Array(rowsPerChunk), stream: new Uint16Array(rowsPerChunk),
      index: new Uint32Array(rowsPerChunk), kind: new Uint16Array(rowsPerChunk), gateway: new Uint16Array(rowsPerChunk),
      region: new Uint16Array(rowsPerChunk), status: new Uint16Array(rowsPerChunk), outcome: new Uint8Array(rowsPerChunk),
      attempts: new Uint16Array(rowsPerChunk), sampled: new Uint8Array(rowsPerChunk), bytes: new Int32Array(rowsPerChunk),
    }
    const ofKind = (name: keyof typeof values): BlockColumn => ({ kind: 'code', codes: fields.kind, values: values[name] })
    const columns: Record<string, BlockColumn> = {
      ...shared,
      source: ofKind('source'), group: ofKind('group'), entry: ofKind('entry'), route: ofKind('route'), method: ofKind('method'), pinned: ofKind('pinned'),
      protocol: { kind: 'code', codes: zeros.uint8, values: values.protocol },
      // In virtual time a generator sends when it is due.
      scheduledUs: { kind: 'us', values: fields.timeUs }, startUs: { kind: 'us', values: fields.timeUs },
      durationUs: { kind: 'int32', values: fields.durationUs }, gateway: { kind: 'code', codes: fields.gateway, values: values.gateway },
      region: { kind: 'code', codes: fields.region, values: values.region }, status: { kind: 'uint16', values: fields.status },
      outcome: { kind: 'code', codes: fields.outcome, values: values.outcome }, attempts: { kind: 'uint16', values: fields.attempts },
      decisionNs: { kind: 'int32', values: zeros.int32 }, sampled: { kind: 'flag', values: fields.sampled }, bytes: { kind: 'int32', values: fields.bytes },
    }
    return { open: 0, ...fields, moved: Object.values(fields), block: { table: 'requests', length: 0, columns } }
  }
}
