// What both ways into a collector share: a request's body becomes rows, and is counted by who sent it.

import type { GatewayEvent } from '../../../../gateway/ports.ts'
import type { SpanRow } from '../../../history.ts'
import { readExportRequest } from './otlp-message.ts'
import { senderOf, spanRow, wantedAttributes } from './span-row.ts'

/** Bodies are longer nowhere: what exporters send in one request is a tenth of it. */
export const mostOctets = 16 * 1024 * 1024

type Senders = Extract<GatewayEvent, { kind: 'collector' }>['senders']

export interface Intake {
  /** All of a request or nothing. Throws RGT_OTLP. */
  take(body: Uint8Array): void
  /** A request was refused, whatever the reason. */
  refuse(): void
  readonly senders: Senders
  readonly refused: number
}

export function openIntake(unixOffsetUs: number, tell: (row: SpanRow) => void): Intake {
  const senders: Senders = {}
  let refused = 0
  return {
    take(body) {
      const parts = readExportRequest(body, wantedAttributes)
      const now = new Set<string>()
      for (const { attributes, spans, octets } of parts) {
        const name = senderOf(attributes)
        const sender = (senders[name] ??= { spans: 0, bytes: 0, requests: 0 })
        sender.spans += spans.length
        sender.bytes += octets
        if (!now.has(name)) sender.requests++
        now.add(name)
        for (const span of spans) tell(spanRow(span, attributes, unixOffsetUs))
      }
    },
    refuse() {
      refused++
    },
    senders,
    get refused() {
      return refused
    },
  }
}
