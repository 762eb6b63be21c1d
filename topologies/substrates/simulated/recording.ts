// The recorder: millions of rows by number, in little memory. Rows live in chunks while they are open
// (`recorded-rows.ts`) and leave as sorted blocks; an object or a string a row would cost more than simulating it.

import type { HistorySink, RowBlock } from '../../history.ts'
import { requestOutcomes } from '../../history.ts'
import { expandBlock } from '../../history/expand.ts'
import { cancelled, recordedAttempts } from './recorded-attempts.ts'
import { checkCount, RequestIds } from './recorded-names.ts'
import { lost, recordedRequests } from './recorded-requests.ts'
import { chunkMask, chunkShift } from './recorded-rows.ts'
import { attemptOutcomeCodes, type Recorder, type RecorderNames } from './recorder.ts'

/**
 * Records into a sink: blocks where it takes them, rows otherwise. Memory: 33 bytes a request and 34 an attempt that
 * began since the oldest open row of its table did (some 5 MB at least), and 6 bytes a request for as long as the run
 * lasts, because an attempt may begin after its request's row has gone. A row of each table that stays open for 10 s
 * at 50,000 requests/s and 100,000 attempts/s holds 50 MB. Throws RGT_RECORDER_TURN when a row begins before an earlier one, or ends twice.
 */
export function createRecorder(names: RecorderNames, sink: HistorySink): Recorder {
  const { streams, gateways, regions, services } = names
  for (const [what, { length }] of Object.entries({ streams, gateways, regions, services })) checkCount(length + 1, what)
  const ids = new RequestIds(streams)
  const give = ({ block }: { block: RowBlock }): void => (sink.block === undefined ? expandBlock(block, sink) : sink.block(block))
  const { rows: requests, kinds, firstTemplate } = recordedRequests(names, ids, give)
  const attempts = recordedAttempts(names, ids, give)
  const identities = new Identities()
  const closeRequest: Recorder['closeRequest'] = (row, endUs, gateway, region, status, outcome, count, bytes) => {
    const chunk = requests.end(row, endUs)
    const at = row & chunkMask
    chunk.gateway[at] = gateway
    chunk.region[at] = region
    chunk.status[at] = status
    chunk.outcome[at] = outcome
    chunk.attempts[at] = count
    chunk.bytes[at] = bytes
    if (chunk.open === 0) requests.settle()
  }
  const closeAttempt: Recorder['closeAttempt'] = (row, endUs, status, outcome) => {
    const chunk = attempts.end(row, endUs)
    chunk.status[row & chunkMask] = status
    chunk.outcome[row & chunkMask] = outcome
    if (chunk.open === 0) attempts.settle()
  }
  return {
    names,
    openRequest(stream, index, template, scheduledUs) {
      const row = requests.begin(scheduledUs)
      const chunk = requests.chunks[row >> chunkShift] as NonNullable<(typeof requests.chunks)[number]>
      const at = row & chunkMask
      chunk.kind[at] = kinds[firstTemplate[stream] + template]
      chunk.stream[at] = stream
      chunk.index[at] = index
      chunk.sampled[at] = 0
      identities.set(row, stream, index)
      return row
    },
    sampled(row) {
      const chunk = requests.chunks[row >> chunkShift]
      if (chunk !== undefined) chunk.sampled[row & chunkMask] = 1
    },
    closeRequest,
    openAttempt(request, gateway, attempt, reason, service, target, region, startUs) {
      const row = attempts.begin(startUs)
      const chunk = attempts.chunks[row >> chunkShift] as NonNullable<(typeof attempts.chunks)[number]>
      const at = row & chunkMask
      chunk.stream[at] = identities.streamOf(request)
      chunk.index[at] = identities.indexOf(request)
      chunk.attempt[at] = attempt
      chunk.reason[at] = reason
      chunk.service[at] = service
      chunk.target[at] = target
      chunk.region[at] = region
      chunk.gateway[at] = gateway
      return row
    },
    closeAttempt,
    finish(endUs) {
      requests.finish((row) => closeRequest(row, endUs, 0, 0, 0, lost, 0, 0))
      attempts.finish((row) => closeAttempt(row, endUs, 0, cancelled))
    },
  }
}

/** Stream and index of every request, in pieces that are never moved. */
class Identities {
  readonly #streams: Uint16Array[] = []
  readonly #indices: Uint32Array[] = []

  set(row: number, stream: number, index: number): void {
    if ((row & chunkMask) === 0) {
      this.#streams.push(new Uint16Array(chunkMask + 1))
      this.#indices.push(new Uint32Array(chunkMask + 1))
    }
    this.#streams[row >> chunkShift][row & chunkMask] = stream
    this.#indices[row >> chunkShift][row & chunkMask] = index
  }

  streamOf(row: number): number {
    return this.#streams[row >> chunkShift][row & chunkMask]
  }

  indexOf(row: number): number {
    return this.#indices[row >> chunkShift][row & chunkMask]
  }
}

export interface CountingRecorder extends Recorder {
  /** So far; by index into `requestOutcomes` and `attemptOutcomeCodes` for rows that have ended. */
  readonly counts: { requests: number; attempts: number; requestOutcomes: number[]; attemptOutcomes: number[] }
}

/** Keeps nothing but counts: for searches, which judge by invariants. Rows that never ended are counted by `finish`. */
export function countingRecorder(names: RecorderNames): CountingRecorder {
  const counts = { requests: 0, attempts: 0, requestOutcomes: requestOutcomes.map(() => 0), attemptOutcomes: attemptOutcomeCodes.map(() => 0) }
  let [openRequests, openAttempts] = [0, 0]
  return {
    names, counts,
    openRequest() {
      openRequests++
      return counts.requests++
    },
    sampled() {},
    closeRequest(_row, _endUs, _gateway, _region, _status, outcome) {
      openRequests--
      counts.requestOutcomes[outcome]++
    },
    openAttempt() {
      openAttempts++
      return counts.attempts++
    },
    closeAttempt(_row, _endUs, _status, outcome) {
      openAttempts--
      counts.attemptOutcomes[outcome]++
    },
    finish() {
      counts.requestOutcomes[lost] += openRequests
      counts.attemptOutcomes[cancelled] += openAttempts
      openRequests = openAttempts = 0
    },
  }
}
