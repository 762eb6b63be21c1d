// Evidence as JSON lines on standard output: `["event",{…}]`, and `["attempts",[{…},…]]` for what was gathered meanwhile:
// where logs are carried by a container runtime and an API server, each costs by the line.

import type { Writable } from 'node:stream'
import type { AttemptRecord, Evidence, GatewayEvent, Scheduler } from '../ports.ts'
import { openGathered } from './lines.ts'

/** Characters. Container runtimes break lines of 16 KiB. */
const longestLine = 12_000

export interface LineEvidence extends Evidence {
  flush(): void
}

export type EvidenceLine = ['event', GatewayEvent] | ['attempts', AttemptRecord[]]

export function openEvidence(stream: Writable, scheduler: Scheduler): LineEvidence {
  let attempts: string[] = []
  let length = 0
  const told = (): string => {
    if (attempts.length === 0) return ''
    const line = `["attempts",[${attempts.join(',')}]]\n`
    attempts = []
    length = 0
    return line
  }
  const writer = openGathered(stream, scheduler, told)
  return {
    // Rare, and what people wait for: told at once.
    event(event) {
      writer.put(`${told()}${JSON.stringify(['event', event])}\n`)
      writer.flush()
    },
    attempt(attempt) {
      const text = JSON.stringify(attempt)
      if (length + text.length > longestLine) writer.put(told())
      attempts.push(text)
      length += text.length + 1
      writer.later()
    },
    flush: writer.flush,
  }
}

/** Reads one line back; null when it is not evidence (a stray print). */
export function parseEvidence(line: string): EvidenceLine | null {
  if (!line.startsWith('["')) return null
  try {
    const parsed = JSON.parse(line) as EvidenceLine
    return parsed[0] === 'event' || parsed[0] === 'attempts' ? parsed : null
  } catch {
    return null
  }
}
