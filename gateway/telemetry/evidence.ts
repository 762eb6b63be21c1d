// Evidence as JSON lines on standard output: `["event",{…}]` and `["attempt",{…}]`.

import type { Writable } from 'node:stream'
import type { AttemptRecord, Evidence, GatewayEvent, Scheduler } from '../ports.ts'
import { openLines } from './lines.ts'

export interface LineEvidence extends Evidence {
  flush(): void
}

export type EvidenceLine = ['event', GatewayEvent] | ['attempt', AttemptRecord]

export function openEvidence(stream: Writable, scheduler: Scheduler): LineEvidence {
  const lines = openLines(stream, scheduler)
  return {
    // Rare, and what people wait for: told at once.
    event(event) {
      lines.put(['event', event])
      lines.flush()
    },
    attempt: (attempt) => lines.put(['attempt', attempt]),
    flush: lines.flush,
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
