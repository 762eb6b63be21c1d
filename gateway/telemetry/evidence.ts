// Evidence as JSON lines on standard output: `["event",{…}]` and `["attempt",{…}]`. Attempts are
// gathered for a tenth of a second and written together, so that telling costs the hot path a string only.

import type { Writable } from 'node:stream'
import type { AttemptRecord, Evidence, GatewayEvent, Scheduler } from '../ports.ts'

export interface LineEvidence extends Evidence {
  flush(): void
}

export type EvidenceLine = ['event', GatewayEvent] | ['attempt', AttemptRecord]

const gatherMs = 100

export function openEvidence(stream: Writable, scheduler: Scheduler): LineEvidence {
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
    // Rare, and what people wait for: told at once.
    event(event) {
      gathered += `["event",${JSON.stringify(event)}]\n`
      flush()
    },
    attempt(attempt) {
      gathered += `["attempt",${JSON.stringify(attempt)}]\n`
      cancel ??= scheduler.after(gatherMs, flush)
    },
    flush,
  }
}

/** Reads one line back; null when it is not evidence (a stray print). */
export function parseEvidence(line: string): EvidenceLine | null {
  if (!line.startsWith('["')) return null
  try {
    const parsed = JSON.parse(line) as EvidenceLine
    return parsed[0] === 'event' || parsed[0] === 'attempt' ? parsed : null
  } catch {
    return null
  }
}
