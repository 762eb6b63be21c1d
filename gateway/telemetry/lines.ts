// Lines for whoever started this process, gathered for a tenth of a second and written together: telling costs the
// hot path a string, and the reader one wake-up for many lines.

import type { Writable } from 'node:stream'
import type { Scheduler } from '../ports.ts'

export interface LineWriter {
  /** One JSON line, told within a tenth of a second. */
  put(line: readonly unknown[]): void
  /** Everything gathered is written now. */
  flush(): void
}

const gatherMs = 100

export function openLines(stream: Writable, scheduler: Scheduler): LineWriter {
  let gathered = ''
  let cancel: (() => void) | null = null
  const flush = (): void => {
    cancel?.()
    cancel = null
    if (gathered === '') return
    stream.write(gathered)
    gathered = ''
  }
  return {
    put(line) {
      gathered += `${JSON.stringify(line)}\n`
      cancel ??= scheduler.after(gatherMs, flush)
    },
    flush,
  }
}
