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
  const { put, flush } = openGathered(stream, scheduler)
  return { put: (line) => put(`${JSON.stringify(line)}\n`), flush }
}

export interface GatheredWriter {
  /** Text that is written within a tenth of a second. */
  put(text: string): void
  /** `rest` will have something to say within a tenth of a second. */
  later(): void
  flush(): void
}

/** `rest`: what else is to be written, asked for when it is written. */
export function openGathered(stream: Writable, scheduler: Scheduler, rest: () => string = () => ''): GatheredWriter {
  let gathered = ''
  let cancel: (() => void) | null = null
  const flush = (): void => {
    cancel?.()
    cancel = null
    const text = gathered + rest()
    gathered = ''
    if (text !== '') stream.write(text)
  }
  const later = (): void => void (cancel ??= scheduler.after(gatherMs, flush))
  return {
    put(text) {
      gathered += text
      later()
    },
    later,
    flush,
  }
}
