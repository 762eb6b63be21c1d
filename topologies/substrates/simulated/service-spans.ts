// The part that services of the simulated world have in traces: a span for each request that was sampled at its head, as
// their OpenTelemetry SDK would tell it. A service that dies or is cut off tells nothing.

import { extract } from '../../../gateway/telemetry/context/index.ts'
import { hexOf, randomWord } from '../../../gateway/telemetry/spans/ids.ts'
import type { Random } from '../../../gateway/ports.ts'
import type { SpanRow } from '../../history.ts'
import { carried } from './carrier.ts'

export interface ServedAttempt { fields: readonly string[]; requestId: string; region: string; service: string; method: string; startUs: number; durationUs: number }

export interface ServiceSpans {
  /** An endpoint works on an attempt from `startUs` on. */
  begin(attempt: number, served: ServedAttempt): void
  /** Its answer has arrived. */
  end(attempt: number, status: number): void
  /** Nobody waits for it any more. */
  forget(attempt: number): void
}

/** `drops`: services that begin traces of their own (`response.trace: drop`). */
export function openServiceSpans(random: Random, write: (row: SpanRow) => void, drops: ReadonlySet<string> = new Set()): ServiceSpans {
  const word = (): string => hexOf(randomWord(random))
  const serving = new Map<number, ServedAttempt>()
  return {
    begin: (attempt, served) => void serving.set(attempt, served),
    end(attempt, status) {
      const served = serving.get(attempt)
      const context = served === undefined ? null : extract(carried(served.fields), { acceptB3: false }).context
      if (served === undefined) return
      const parent = drops.has(served.service) ? { traceId: word() + word() + word() + word(), spanId: '' } : context
      if (parent === null) return
      write({
        traceId: parent.traceId, spanId: word() + word(), parentSpanId: parent.spanId,
        process: `services/${served.region}`, kind: 'server', name: served.method, startUs: Math.round(served.startUs), durationUs: Math.round(served.durationUs),
        requestId: served.requestId, route: '', service: served.service, region: served.region, target: '', status, attempt: 0, outcome: '', kept: '', adjustedCount: 1,
      })
    },
    forget: (attempt) => void serving.delete(attempt),
  }
}
