// The exporting thread's work: batches are decoded, put together to requests of a size, and given one after the other to
// OpenTelemetry's own OTLP exporter. A core of queue and order; the exporter and the decoder are given to it.

import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { KeptSpan, SpanBatch, SpanDecoder } from './exporter.ts'
import type { FromSender } from './messages.ts'

/** Resolves when the collector has taken them. Throws when it has not. */
export type SendSpans = (spans: ReadableSpan[]) => Promise<void>

export interface SenderParts {
  decoder: SpanDecoder
  readable(span: KeptSpan): ReadableSpan
  send: SendSpans
  spansPerRequest: number
  /** Octets written to the collector since the start. */
  octets(): number
  tell(message: FromSender): void
}

export interface Sender {
  take(batch: SpanBatch): void
  /** Resolves when nothing is left to send. */
  drained(): Promise<void>
}

export function createSender({ decoder, readable, send, spansPerRequest, octets, tell }: SenderParts): Sender {
  let queue: SpanBatch[] = []
  let sending: Promise<void> | null = null
  let told = 0

  const settled = (batches: readonly SpanBatch[], problem: string | null): void => {
    const now = octets()
    tell({
      kind: 'settled', spans: sum(batches, ({ spans }) => spans), batchOctets: sum(batches, ({ bytes }) => bytes.byteLength),
      octets: now - told, problem,
    })
    told = now
  }

  const sendOne = async (): Promise<void> => {
    let count = 0
    let spans = 0
    while (count < queue.length && (count === 0 || spans + queue[count].spans <= spansPerRequest)) spans += queue[count++].spans
    const batches = queue.splice(0, count)
    try {
      await send(batches.flatMap((batch) => decoder.decode(batch)).map(readable))
      settled(batches, null)
    } catch (error) {
      settled(batches, error instanceof Error ? error.message : String(error))
    }
  }

  const work = async (): Promise<void> => {
    while (queue.length > 0) await sendOne()
    sending = null
  }

  return {
    take(batch) {
      queue.push(batch)
      sending ??= work()
    },
    async drained() {
      await sending
    },
  }
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number => items.reduce((total, item) => total + of(item), 0)
