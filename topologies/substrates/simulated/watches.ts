// What telemetry sees of the requests of the simulated world, as `gateway/dataplane/request-watch.ts` sees them on sockets:
// the part that each gateway has in a trace, who tells whom that it is kept, and one record in the RED metrics. It only looks
// on; without telemetry nothing of it exists.

import type { RequestOutcome } from '../../../gateway/telemetry/metrics.ts'
import { promotionReasons, type AttemptTrace, type KeepReason, type PromotionReason, type RequestTrace } from '../../../gateway/telemetry/spans/index.ts'
import type { TraceCarrier } from '../../../gateway/telemetry/context/index.ts'
import type { AttemptOutcome, AttemptRecord } from '../../../gateway/ports.ts'
import type { RequestTemplate } from '../../substrate.ts'
import { carried, fieldsOf, nothingCarried } from './carrier.ts'
import type { SimulatedGateway } from './gateway.ts'
import type { TraceNotices } from './notices.ts'
import type { ServiceSpans } from './service-spans.ts'
import type { GatewayTelemetry, WatchedRoute } from './telemetry.ts'

export interface WatchesParts {
  now(): number
  templates: readonly RequestTemplate[]
  notices: TraceNotices
  /** null: services tell nothing. */
  services: ServiceSpans | null
}

interface Watch {
  gateway: SimulatedGateway
  telemetry: GatewayTelemetry
  route: WatchedRoute
  trace: RequestTrace | null
  fromPeer: boolean
  requestId: string
  template: number
  startUs: number
  retries: number
  hedges: number
  /** Gateways that had a part in it and may not know yet that its trace is kept. */
  links: SimulatedGateway[]
}

interface AttemptWatch {
  of: Watch
  trace: AttemptTrace | null
  peer: SimulatedGateway | null
  service: string
  target: string
  region: string
  attempt: number
  reason: AttemptRecord['reason']
  startUs: number
  /** What the far gateway says in its answer. */
  keep: PromotionReason | null
}

export type SentAttempt = Pick<AttemptWatch, 'peer' | 'service' | 'target' | 'region' | 'attempt' | 'reason'>

/** How a request ended at a gateway. */
export interface Ended { outcome: RequestOutcome; status: number; service: string; region: string; attempts: number }

export class Watches {
  readonly hearsServices: boolean
  readonly #parts: WatchesParts
  readonly #requests = new Map<number, Watch>()
  readonly #attempts = new Map<number, AttemptWatch>()

  constructor(parts: WatchesParts) {
    this.#parts = parts
    this.hearsServices = parts.services !== null
  }

  /** A client's request has entered. `route`: index in the snapshot, -1 = none matched. */
  enter(gateway: SimulatedGateway, telemetry: GatewayTelemetry, exchange: number, template: number, route: number, requestId: string, traceparent: string): void {
    const fields = traceparent === '' ? nothingCarried : carried(['traceparent', traceparent])
    this.#begin(gateway, telemetry, exchange, template, telemetry.routes[route] ?? telemetry.unmatched, requestId, fields, false)
  }

  /** An attempt of a peer has arrived. */
  hop(gateway: SimulatedGateway, telemetry: GatewayTelemetry, exchange: number, attempt: number, template: number, route: number): void {
    const asking = this.#attempts.get(attempt)
    const fields = asking?.trace == null ? nothingCarried : carried(fieldsOf(asking.trace))
    this.#begin(gateway, telemetry, exchange, template, telemetry.routes[route] ?? telemetry.unmatched, asking?.of.requestId ?? '', fields, true)
  }

  #begin(
    gateway: SimulatedGateway, telemetry: GatewayTelemetry, exchange: number, template: number, route: WatchedRoute, requestId: string, fields: TraceCarrier,
    fromPeer: boolean,
  ): void {
    const startUs = this.#parts.now()
    const { method, path, host } = this.#parts.templates[template]
    const trace = route.traced === null ? null : telemetry.tracing.begin({ fields, fromPeer, requestId, method, path, host, startUs }, route.traced)
    this.#requests.set(exchange, { gateway, telemetry, route, trace, fromPeer, requestId, template, startUs, retries: 0, hedges: 0, links: [] })
  }

  sent(exchange: number, attempt: number, sent: SentAttempt): void {
    const watch = this.#requests.get(exchange)
    if (watch === undefined) return
    if (sent.reason === 'retry') watch.retries++
    else if (sent.reason === 'hedge') watch.hedges++
    const { trace } = watch
    if (trace !== null && sent.peer !== null && !watch.links.includes(sent.peer)) watch.links.push(sent.peer)
    this.#attempts.set(attempt, { of: watch, trace: trace?.attempt() ?? null, startUs: this.#parts.now(), keep: null, ...sent })
  }

  /** The endpoint begins to work on an attempt at `startUs`. */
  serves(attempt: number, startUs: number, durationUs: number): void {
    const watch = this.#attempts.get(attempt)
    if (watch?.trace == null || !watch.of.trace!.sampled) return
    const { trace, region, service } = watch
    const { requestId, template } = watch.of
    this.#parts.services?.begin(attempt, { fields: fieldsOf(trace), requestId, region, service, method: this.#parts.templates[template].method, startUs, durationUs })
  }

  /** An answer is there, wanted or not: what a far gateway says in it is heard. */
  answered(attempt: number, status: number): void {
    const watch = this.#attempts.get(attempt)
    if (watch === undefined) return
    this.#parts.services?.end(attempt, status)
    const { of, keep, peer } = watch
    if (keep === null || of.trace === null) return
    of.trace.told(keep, this.#parts.now())
    of.links = of.links.filter((link) => link !== peer)
  }

  attemptEnded(attempt: number, status: number, outcome: AttemptOutcome): void {
    const watch = this.#attempts.get(attempt)
    if (watch === undefined) return
    this.#attempts.delete(attempt)
    this.#parts.services?.forget(attempt)
    const { trace, service, target, region, reason, startUs } = watch
    trace?.end({ service, target, region, isLink: watch.peer !== null, attempt: watch.attempt, reason, status, outcome, startUs }, this.#parts.now())
  }

  /** Was its head sampled, as the answer says it? Ask before it has ended. */
  sampled(exchange: number): boolean {
    return this.#requests.get(exchange)?.trace?.sampled ?? false
  }

  /** It is over. `askedBy`: the attempt of a peer that is answered, -1 = none hears of it. */
  ended(exchange: number, ended: Ended, askedBy: number): void {
    const watch = this.#requests.get(exchange)
    if (watch === undefined) return
    this.#requests.delete(exchange)
    const { trace, telemetry, fromPeer, route } = watch
    const nowUs = this.#parts.now()
    const kept = trace?.end({ ...ended, decisionNs: 0 }, nowUs) ?? null
    const promotion = isPromotion(kept) ? kept : null
    if (fromPeer) {
      const asking = this.#attempts.get(askedBy)
      if (asking !== undefined) asking.keep = promotion
      return
    }
    if (promotion !== null) for (const link of watch.links) this.#parts.notices.tell(watch.gateway, link, trace!.traceId, promotion)
    telemetry.at(nowUs)
    route.red.record(ended.region, ended.outcome, nowUs - watch.startUs, watch.retries, watch.hedges, kept === null ? '' : trace!.traceId, this.#labels(watch))
  }

  /** A gateway's process is gone, and what it had begun to tell of. */
  forget(gateway: SimulatedGateway): void {
    for (const [exchange, watch] of this.#requests) if (watch.gateway === gateway) this.#requests.delete(exchange)
    for (const [attempt, { of }] of this.#attempts) if (of.gateway === gateway) this.#attempts.delete(attempt)
  }

  /** Messages of the simulation have the fields of their templates and nothing else. */
  #labels({ route: { custom }, template }: Watch): string[] | null {
    if (custom.length === 0) return null
    const { headers } = this.#parts.templates[template]
    return custom.map(({ from }) => (from.kind === 'request-header' ? Object.entries(headers).find(([name]) => name.toLowerCase() === from.name)?.[1] ?? '' : ''))
  }
}

const promotions: ReadonlySet<string> = new Set(promotionReasons)
const isPromotion = (kept: KeepReason | null): kept is PromotionReason => kept !== null && promotions.has(kept)
