// That spans of unsampled traces wait in the ring, written there by the dozen, and that no promotion comes too early for them.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../runtime.ts'
import type { KeptSpan, SpanExporter } from '../export/exporter.ts'
import { createSamplingCore } from '../sampling/index.ts'
import { createSpanDecoder, encodeSpan } from './codec.ts'
import { Recorder, type EndedSpan } from './recorder.ts'
import type { ClientSpan } from './span.ts'

const traces = ['a', 'b', 'c', 'd'].map((digit) => digit.repeat(32))

const span = (traceId: string, attempt: number): ClientSpan => ({
  kind: 'client', traceId, spanId: '1'.repeat(16), parentSpanId: '', flags: 0, threshold: '', startUs: 0, durationUs: 0, route: 'r', service: 's',
  requestId: 'id', method: 'GET', region: 'here', protocol: 'http1', status: 200, target: 't', isLink: false, attempt, reason: 'first', outcome: 'ok',
})

const ended = (traceId: string, attempt: number): EndedSpan => ({ write: (view, at, names) => encodeSpan(view, at, names, span(traceId, attempt)) })

function recorderOf(ringBytes: number) {
  const spans: KeptSpan[] = []
  const decoder = createSpanDecoder()
  const exporter: SpanExporter = {
    counts: { queued: 0, sent: 0, sentBytes: 0, shed: 0, failed: 0 }, close: async () => {},
    export: (batch) => spans.push(...decoder.decode(batch)) > 0,
  }
  return { recorder: new Recorder(seededRandom(1), createSamplingCore(), exporter, new ArrayBuffer(ringBytes), 0), spans }
}

describe('spans that are over', () => {
  it('are all found by a promotion, whether they were written by then or not, and each is kept once', () => {
    const step = fc.oneof(
      { weight: 40, arbitrary: fc.record({ trace: fc.constantFrom(...traces) }) },
      { weight: 2, arbitrary: fc.record({ afterUs: fc.nat(2_000_000) }) },
      { weight: 1, arbitrary: fc.record({ promoted: fc.constantFrom(...traces) }) },
    )
    fc.assert(fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
      const { recorder, spans } = recorderOf(1_048_576)
      const waiting = new Map<string, number[]>()
      let [nowUs, number, expected] = [0, 0, 0]
      for (const one of steps) {
        if ('trace' in one) {
          recorder.record(ended(one.trace, ++number), null, nowUs)
          waiting.set(one.trace, [...(waiting.get(one.trace) ?? []), number])
        } else if ('afterUs' in one) {
          recorder.tick(nowUs += one.afterUs)
        } else {
          const due = waiting.get(one.promoted) ?? []
          waiting.delete(one.promoted)
          recorder.promote(one.promoted, 'error', due.length, nowUs)
          recorder.batches.flush()
          const kept = spans.slice(expected).map((span) => span.kind === 'client' && [span.traceId, span.attempt, span.kept])
          expect(kept).toEqual(due.toReversed().map((attempt) => [one.promoted, attempt, 'error']))
          expected += due.length
        }
      }
      expect([spans.length, recorder.counts.recorded, recorder.lostToRing]).toEqual([expected, number, 0])
    }), { numRuns: 60 })
  })

  it('are written by the dozen, and after a second at the latest, when no more come', () => {
    const { recorder } = recorderOf(65_536)
    let written = 0
    const counted = (attempt: number): EndedSpan => ({
      write(view, at, names) {
        written++
        return ended(traces[0], attempt).write(view, at, names)
      },
    })
    for (let number = 0; number < 130; number++) recorder.record(counted(number), null, number)
    expect([written, recorder.ring.waiting]).toEqual([128, 128])
    recorder.tick(1_000_000)
    expect(written).toBe(128)
    recorder.tick(1_000_128)
    expect([written, recorder.ring.waiting]).toEqual([130, 130])
  })

  it('go straight into the next batch when their trace is kept', () => {
    const { recorder, spans } = recorderOf(65_536)
    recorder.record(ended(traces[0], 1), 'policy', 5)
    recorder.tick(5)
    expect(spans).toMatchObject([{ attempt: 1, kept: 'policy' }])
    expect(recorder.ring.waiting).toBe(0)
  })
})
