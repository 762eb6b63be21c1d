// What a generator tells on standard output: `["request",{…}]` for every scheduled arrival, exactly once, and
// one `["generator",{…}]` at the end. Lines are gathered and written together, like evidence.

import type { Writable } from 'node:stream'
import type { Scheduler } from '../../../../gateway/ports.ts'
import { openLines } from '../../../../gateway/telemetry/lines.ts'
import type { RequestRow } from '../../../history.ts'

/** How the generator itself did, so that a verdict can tell it from what it measured. */
export interface GeneratorSummary {
  name: string
  /** Arrivals that fell due. */
  scheduled: number
  sent: number
  /** Not sent because too many were in flight; their rows say 'lost'. */
  dropped: number
  /** How late requests were sent, 99th percentile, microseconds. */
  lagP99Us: number
  /** How late the event loop ran, 99th percentile, microseconds. */
  loopLagP99Us: number
  /** Still in flight when it was told to end early; their rows say 'lost'. Nought after a whole load. */
  unfinished: number
  /** Scheduling priority it got (negative is favoured; 0 when it asked for none or was not permitted). */
  niceness: number
  /** Processor time used, microseconds. */
  cpuUs: number
}

export type GeneratorLine = ['request', RequestRow] | ['generator', GeneratorSummary]

export interface GeneratorWriter {
  request(row: RequestRow): void
  summary(summary: GeneratorSummary): void
  flush(): void
}

export function openGeneratorWriter(stream: Writable, scheduler: Scheduler): GeneratorWriter {
  const lines = openLines(stream, scheduler)
  return {
    request: (row) => lines.put(['request', row]),
    summary: (summary) => lines.put(['generator', summary]),
    flush: lines.flush,
  }
}

/** Reads one line back; null when it is not a generator's (evidence, or a stray print). */
export function parseGeneratorLine(line: string): GeneratorLine | null {
  if (!line.startsWith('["request",') && !line.startsWith('["generator",')) return null
  try {
    return JSON.parse(line) as GeneratorLine
  } catch {
    return null
  }
}
