// Evidence as JSON lines on standard output: `["event",{…}]` and `["attempt",{…}]`. Lines are gathered for a
// few milliseconds and written at once, so that telling costs the hot path a string concatenation only.

import type { Writable } from 'node:stream'
import type { AttemptRecord, Evidence, GatewayEvent, Scheduler } from '../ports.ts'

export interface LineEvidence extends Evidence {
  flush(): void
}

export type EvidenceLine = ['event', GatewayEvent] | ['attempt', AttemptRecord]

const gatherMs = 20

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
  const line = (text: string): void => {
    gathered += text
    cancel ??= scheduler.after(gatherMs, flush)
  }
  return {
    event: (event) => line(`["event",${JSON.stringify(event)}]\n`),
    attempt: (attempt) => line(`["attempt",${JSON.stringify(attempt)}]\n`),
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
