// Takes what another gateway says of traces to keep: `POST /.regatta/traces` on the east-west listener, a line `TRACE-ID REASON`
// for each. A message is taken whole or refused with a code; its size is bounded.

import type { ServerExchange, ServerStream } from '../protocols/adapter.ts'
import type { RequestHead } from '../protocols/message.ts'
import { Problem } from '../protocols/problem.ts'
import type { Clock } from '../ports.ts'
import { promotionReasons, type PromotionReason, type Tracing } from '../telemetry/spans/index.ts'
import { answerOf, writeAnswer } from './answers.ts'
import { header } from './bootstrap.ts'

/** A thousand lines and some. */
const maxBytes = 65_536

const refusal = (status: number, message: string): Problem =>
  new Problem(status, 'RGT_TRACE_NOTICE', message, 'a line `TRACE-ID REASON` for each trace; reasons are error, slow, failover and shed')

export class TraceIntake implements ServerExchange {
  readonly #stream: ServerStream
  readonly #gateway: string
  readonly #tracing: Tracing | null
  readonly #clock: Clock
  #text = ''
  #over = false

  /** `tracing` null: nothing is traced here. */
  constructor(stream: ServerStream, { method, bodyLength }: RequestHead, gateway: string, tracing: Tracing | null, clock: Clock) {
    this.#stream = stream
    this.#gateway = gateway
    this.#tracing = tracing
    this.#clock = clock
    if (method !== 'POST') this.#refuse(refusal(405, `${method} is not offered`))
    else if (tracing === null) this.#refuse(refusal(404, 'this gateway traces nothing'))
    else if (bodyLength > maxBytes) this.#refuse(tooLong)
    else stream.sendContinue()
  }

  bodyPiece(bytes: Buffer, from: number, to: number): void {
    if (this.#over) return
    if (this.#text.length + to - from > maxBytes) this.#refuse(tooLong)
    else this.#text += bytes.latin1Slice(from, to)
  }

  bodyEnd(): void {
    if (this.#over) return
    const traces = readTraces(this.#text)
    if (traces === null) {
      this.#refuse(refusal(400, 'a line is not a trace id and a reason'))
      return
    }
    this.#over = true
    this.#tracing!.promote(traces, this.#clock.nowUs())
    this.#stream.respond(204, 'No Content', null, 0, [header.gateway, this.#gateway], 0)
    this.#stream.end(null)
  }

  bodyFailed(problem: Problem): void {
    if (!this.#over) this.#refuse(problem)
  }

  readEnd(): void {}
  clientDrained(): void {}
  clientGone(): void {
    this.#over = true
  }

  #refuse(problem: Problem): void {
    this.#over = true
    writeAnswer(this.#stream, answerOf(problem), '', [header.gateway, this.#gateway, header.reason, problem.code])
  }
}

const tooLong = refusal(413, `more than ${maxBytes} octets`)
const line = /^([0-9a-f]{32}) ([a-z]+)$/

function readTraces(text: string): { traceId: string; reason: PromotionReason }[] | null {
  const traces: { traceId: string; reason: PromotionReason }[] = []
  for (const one of text.split('\n')) {
    if (one === '') continue
    const found = line.exec(one)
    const reason = readReason(found?.[2])
    if (found === null || reason === null) return null
    traces.push({ traceId: found[1], reason })
  }
  return traces
}

/** null: it is none. */
export function readReason(text: string | undefined): PromotionReason | null {
  return promotionReasons.find((reason) => reason === text) ?? null
}
