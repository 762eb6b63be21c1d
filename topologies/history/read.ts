// Reads a run's history, finished or killed in the middle: the sorted files when they are there, the streams as
// far as they are whole otherwise. What could not be read is said in `notes`; nothing is dropped silently. Columns are
// fetched from the files when they are first used.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HistoryEvent } from '../history.ts'
import { attemptTable, blocksOf, eventsFile, fileOf, requestTable, spanTable, streamOf, type TableSpec } from './columns.ts'
import { readTables } from './read-table.ts'
import { sortTable } from './sort.ts'
import type { Attempts, ColumnMap, Requests, Spans, TableView } from './table.ts'

export interface History {
  /** Sorted by time; equal times in the order of the file. */
  events: HistoryEvent[]
  requests: Requests
  attempts: Attempts
  /** Empty when nothing was traced. */
  spans: Spans
  /** What is missing, torn or unreadable, one sentence each; empty for a run that ended well. */
  notes: string[]
}

/**
 * Reads the history of a run's folder. Rows are sorted whether the run ended or not. Throws RGT_HISTORY_FORMAT when a
 * file is of a later version or not ours at all; damage at the end of a file only makes a note.
 */
export function readHistory(runDir: string): History {
  const notes: string[] = []
  const requests = readTable(requestTable, runDir, notes) as unknown as Requests
  const attempts = readTable(attemptTable, runDir, notes) as unknown as Attempts
  const spans = readTable(spanTable, runDir, notes, 'may be missing') as unknown as Spans
  return { events: readEvents(join(runDir, eventsFile), notes), requests, attempts, spans, notes }
}

/** Events of `events.ndjson`, sorted by time. */
function readEvents(path: string, notes: string[]): HistoryEvent[] {
  if (!existsSync(path)) {
    notes.push(`${eventsFile} is missing`)
    return []
  }
  const lines = readFileSync(path, 'utf8').split('\n')
  const torn = lines.pop() !== ''
  if (torn) notes.push(`${eventsFile} ends in a torn line, which is left out`)
  const events: HistoryEvent[] = []
  lines.forEach((line, index) => {
    const event = parseEvent(line)
    if (event === null) notes.push(`${eventsFile}:${index + 1} is not an event and is left out`)
    else events.push(event)
  })
  return events.sort((a, b) => a.atUs - b.atUs)
}

function parseEvent(line: string): HistoryEvent | null {
  try {
    const event = JSON.parse(line) as HistoryEvent
    return Number.isFinite(event?.atUs) && typeof event.kind === 'string' && typeof event.source === 'string' ? event : null
  } catch {
    return null
  }
}

function readTable<Row>(table: TableSpec<Row>, runDir: string, notes: string[], mayMiss: 'may be missing' | null = null): ColumnMap & TableView<Row> {
  const at = (name: string): string => join(runDir, name)
  if (existsSync(at(fileOf(table.name)))) return readTables(table, [at(fileOf(table.name))], notes)
  const parts = [blocksOf(table.name), streamOf(table.name)].map(at).filter((part) => existsSync(part))
  if (parts.length === 0 && mayMiss === null) notes.push(`${fileOf(table.name)} is missing`)
  const rows = readTables(table, parts, notes)
  // Blocks alone came in order.
  return parts.includes(at(streamOf(table.name))) ? sortTable(table, rows) : rows
}
