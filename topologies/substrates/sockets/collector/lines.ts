// What a collector tells on standard output besides evidence: `["spans",[[…],[…]]]`, each span as the values of its columns
// in their order, gathered and written together.

import type { Writable } from 'node:stream'
import type { Scheduler } from '../../../../gateway/ports.ts'
import { openGathered } from '../../../../gateway/telemetry/lines.ts'
import type { SpanRow } from '../../../history.ts'
import { columnNames, spanTable } from '../../../history/columns.ts'

/** Characters; container runtimes break lines of 16 KiB. */
const longestLine = 12_000
const names = columnNames(spanTable)

export interface SpanWriter {
  span(row: SpanRow): void
  flush(): void
}

export function openSpanWriter(stream: Writable, scheduler: Scheduler): SpanWriter {
  let rows: string[] = []
  let length = 0
  const told = (): string => {
    if (rows.length === 0) return ''
    const line = `["spans",[${rows.join(',')}]]\n`
    rows = []
    length = 0
    return line
  }
  const writer = openGathered(stream, scheduler, told)
  return {
    span(row) {
      const text = JSON.stringify(names.map((name) => row[name]))
      if (length + text.length + '["spans",[]]'.length > longestLine) writer.put(told())
      rows.push(text)
      length += text.length + 1
      writer.later()
    },
    flush: writer.flush,
  }
}

/** Reads one line back; null when it is not a collector's. */
export function parseSpansLine(line: string): SpanRow[] | null {
  if (!line.startsWith('["spans",')) return null
  try {
    const [, rows] = JSON.parse(line) as [string, unknown[][]]
    return rows.map((values) => Object.fromEntries(names.map((name, index) => [name, values[index]])) as unknown as SpanRow)
  } catch {
    return null
  }
}
