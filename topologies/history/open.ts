// A run's history on its way to disk: events line by line, rows in batches, and at the end one sorted file a table.
// What was given survives the death of the runner, up to half a second of rows, or one batch of those in blocks.

import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Scheduler } from '../../gateway/ports.ts'
import { systemScheduler } from '../../gateway/runtime.ts'
import { topologyError } from '../errors.ts'
import type { HistorySink, RowBlock, SpanRow } from '../history.ts'
import { attemptTable, eventsFile, requestTable, spanTable } from './columns.ts'
import { openTable, removeTable, type TableWriter } from './writing.ts'

export interface HistoryWriter extends HistorySink {
  span(row: SpanRow): void
  block(block: RowBlock): void
  /** Leaves the final, sorted files and closes. Idempotent; a row given later throws. */
  finalise(): Promise<void>
}

const flushMs = 500

/** Opens the history of a run's folder (made when missing; an earlier history there is replaced). */
export function openHistory(runDir: string, scheduler: Scheduler = systemScheduler): HistoryWriter {
  mkdirSync(runDir, { recursive: true })
  const events = openSync(join(runDir, eventsFile), 'w')
  const requests = openTable(requestTable, runDir)
  const attempts = openTable(attemptTable, runDir)
  // Most runs trace nothing and have no such table.
  let written: TableWriter<SpanRow> | null = null
  removeTable(spanTable, runDir)
  const spans = (): TableWriter<SpanRow> => written ??= openTable(spanTable, runDir)
  const stopFlushing = scheduler.every(flushMs, () => {
    requests.flush()
    attempts.flush()
    written?.flush()
  })
  let open = true
  const whileOpen = <Given>(take: (given: Given) => void) => (given: Given): void => {
    if (!open) throw topologyError('RGT_HISTORY_CLOSED', 'a row or event came after the history was finalised', { hint: 'dispose of the deployment first' })
    take(given)
  }
  return {
    event: whileOpen((event) => { writeSync(events, `${JSON.stringify(event)}\n`) }),
    request: whileOpen(requests.add),
    attempt: whileOpen(attempts.add),
    span: whileOpen((row) => spans().add(row)),
    block: whileOpen((block) => ({ requests: () => requests, attempts: () => attempts, spans })[block.table]().block(block)),
    async finalise() {
      if (!open) return
      open = false
      stopFlushing()
      closeSync(events)
      requests.finalise()
      attempts.finalise()
      written?.finalise()
    },
  }
}
