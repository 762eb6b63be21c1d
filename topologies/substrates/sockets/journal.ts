// What every process of a run tells, line by line, becomes the history: on the run's clock, with its source.

import { systemClock } from '../../../gateway/runtime.ts'
import { parseEvidence } from '../../../gateway/telemetry/evidence.ts'
import type { HistoryEvent, HistorySink, SpanRow } from '../../history.ts'
import { parseSpansLine } from './collector/lines.ts'
import { parseGeneratorLine } from './generator/lines.ts'

/** Puts what processes say into the history, on the run's clock. Holds events back until the zero is known. */
export interface Journal {
  zero(atUs: number): void
  /** The run is over: what processes say while they end is no part of it, but for spans that began in it and who sent them. */
  close(): void
  /** An event of the run itself, now. */
  note(event: RunEvent): void
  /** One line of a child's standard output. */
  line(process: string, line: string): void
}

type WithoutTime<T> = T extends unknown ? Omit<T, 'atUs' | 'source'> : never
type RunEvent = WithoutTime<Extract<HistoryEvent, { source: 'run' }>>

/**
 * `clockOffsetUs`: how far a process's monotonic clock is ahead of this machine's; nought where they are one clock.
 */
export function openJournal(sink: HistorySink, clockOffsetUs: (process: string) => number = () => 0): Journal {
  let zeroUs: number | null = null
  let closed = false
  let endUs = Infinity
  const held: HistoryEvent[] = []
  const put = (event: HistoryEvent): void => {
    if (closed) return
    if (zeroUs === null) held.push(event)
    else sink.event({ ...event, atUs: event.atUs - zeroUs })
  }
  const takeSpans = (spans: SpanRow[], offsetUs: number): void => {
    if (zeroUs === null || sink.span === undefined) return
    for (const span of spans) {
      const atUs = span.startUs - offsetUs
      if (atUs >= zeroUs && atUs <= endUs) sink.span({ ...span, startUs: atUs - zeroUs })
    }
  }
  return {
    zero(atUs) {
      zeroUs = atUs
      for (const event of held.splice(0)) put(event)
    },
    close() {
      if (!closed) endUs = systemClock.nowUs()
      closed = true
    },
    note: (event) => put({ atUs: systemClock.nowUs(), source: 'run', ...event } as HistoryEvent),
    line(process, line) {
      const spans = parseSpansLine(line)
      if (spans !== null) {
        takeSpans(spans, clockOffsetUs(process))
        return
      }
      if (closed) {
        const last = line.includes('"kind":"collector"') ? parseEvidence(line) : null
        if (last?.[0] === 'event' && zeroUs !== null) sink.event({ source: process, ...last[1], atUs: last[1].atUs - clockOffsetUs(process) - zeroUs } as HistoryEvent)
        return
      }
      const generated = parseGeneratorLine(line)
      if (generated !== null) {
        if (generated[0] === 'request') sink.request(generated[1])
        else this.note({ kind: 'tool', tool: process, text: JSON.stringify(generated[1]) })
        return
      }
      const evidence = parseEvidence(line)
      if (evidence === null) this.note({ kind: 'tool', tool: process, text: line })
      else if (evidence[0] === 'event') put({ source: process, ...evidence[1], atUs: evidence[1].atUs - clockOffsetUs(process) } as HistoryEvent)
      else if (zeroUs !== null) {
        const gateway = process.slice(process.indexOf('/') + 1)
        const offsetUs = clockOffsetUs(process) + zeroUs
        for (const attempt of evidence[1]) sink.attempt({ ...attempt, gateway, startUs: attempt.startUs - offsetUs })
      }
    },
  }
}
