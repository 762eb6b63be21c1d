// What telemetry sees of one request: its part in a trace where its route has a policy, and one record in the RED metrics. The
// exchange tells it what happens; it never changes what the exchange does, only which fields go out beside.

import type { RequestHead } from '../protocols/message.ts'
import type { Fields } from '../protocols/fields.ts'
import type { AttemptReason } from '../routing/core.ts'
import type { RequestOutcome } from '../telemetry/metrics.ts'
import type { AttemptTrace, EndedRequest, RequestTrace } from '../telemetry/spans/index.ts'
import { header } from './bootstrap.ts'
import { customLabels } from './custom-labels.ts'
import type { TargetPool } from './pool.ts'
import type { RequestBody } from './request-body.ts'
import type { RouteEntry } from './state.ts'
import type { Telemetry } from './telemetry.ts'
import { readReason } from './trace-intake.ts'

export class RequestWatch {
  /** Of the rule that matched; null = none did. */
  entry: RouteEntry | null = null
  #trace: RequestTrace | null = null
  readonly #telemetry: Telemetry
  readonly #head: RequestHead
  readonly #requestId: string
  readonly #fromPeer: boolean
  readonly #remoteAddress: string
  readonly #startUs: number
  #response: Fields | null = null
  #retries = 0
  #hedges = 0
  /** Gateways that had a part in it and may not know yet that its trace is kept. */
  #links: TargetPool[] = []

  constructor(telemetry: Telemetry, head: RequestHead, requestId: string, fromPeer: boolean, remoteAddress: string, startUs: number) {
    this.#telemetry = telemetry
    this.#head = head
    this.#requestId = requestId
    this.#fromPeer = fromPeer
    this.#remoteAddress = remoteAddress
    this.#startUs = startUs
  }

  /** Begins when it is first needed, which is after the routing decision: no part of its time. null: nothing is traced. */
  get trace(): RequestTrace | null {
    const traced = this.entry?.traced ?? null
    if (this.#trace !== null || traced === null) return this.#trace
    const { fields, method, path, host } = this.#head
    const begun = { fields, fromPeer: this.#fromPeer, requestId: this.#requestId, method, path, host, startUs: this.#startUs }
    this.#trace = this.#telemetry.tracing.begin(begun, traced)
    return this.#trace
  }

  /** An attempt begins; null where nothing is traced. */
  attempt(reason: AttemptReason | 'mirror'): AttemptTrace | null {
    if (reason === 'retry') this.#retries++
    else if (reason === 'hedge') this.#hedges++
    return this.trace?.attempt() ?? null
  }

  /** The gateway at the other end of a link gets the request, so it may have spans of the trace. */
  reached(pool: TargetPool): void {
    if (this.#trace !== null && !this.#links.includes(pool)) this.#links.push(pool)
  }

  /** A far gateway has answered; it says so when it keeps the trace after the fact. */
  answered(pool: TargetPool, fields: Fields, nowUs: number): void {
    if (this.#trace === null || !fields.names.includes(header.keep)) return
    const reason = readReason(fields.get(header.keep))
    if (reason === null) return
    this.#trace.told(reason, nowUs)
    this.#links = this.#links.filter((link) => link !== pool)
  }

  /** Credentials were refused: `who` by name, '' = known by address only. */
  refused(who: string): void {
    if (!this.#fromPeer) this.#telemetry.red.refused(who === '' ? this.#remoteAddress : who)
  }

  /** Adds the fields of a response whose head is about to go out. */
  addFields(own: string[], status: number, outcome: RequestOutcome, attempts: number, response: Fields | null, nowUs: number): void {
    this.#response = response
    const { trace } = this
    if (trace === null) return
    const kept = trace.answering(status, outcome, attempts, nowUs)
    if (!this.#fromPeer) own.push(header.trace, trace.text)
    else if (kept !== null) own.push(header.keep, kept)
  }

  /** It is over, before anything of it is given up. */
  end(ended: EndedRequest, body: RequestBody | null, trailers: Fields | null, nowUs: number): void {
    const { trace } = this
    const kept = trace === null ? null : trace.end(ended, nowUs)
    const promotion = readReason(kept ?? undefined)
    if (promotion !== null && !this.#fromPeer) for (const pool of this.#links) this.#telemetry.notices.tell(pool, trace!.traceId, promotion)
    if (this.#fromPeer) return
    const { entry } = this
    const labels = entry === null || entry.custom.length === 0 ? null
      : customLabels(entry.custom, { request: this.#head, requestBody: body, response: this.#response, trailers })
    this.#count(ended, kept === null ? '' : trace!.traceId, labels, nowUs)
  }

  /** Where a request enters, and only there: what crosses a link is counted once, as its client saw it. */
  #count({ region, outcome, status }: EndedRequest, traceId: string, labels: readonly string[] | null, nowUs: number): void {
    if (status === 401) this.refused('')
    const red = this.entry?.red ?? this.#telemetry.unrouted
    red.record(region, outcome, nowUs - this.#startUs, this.#retries, this.#hedges, traceId, labels)
  }
}
