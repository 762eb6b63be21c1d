// Copies of requests for services under trial: sent and forgotten. A mirror never delays, fails or changes
// what the client gets, never counts for health, obeys residency and access policies, and is bounded in number.

import type { Clock } from '../ports.ts'
import type { ClientConnection, UpstreamEnding, UpstreamExchange } from '../protocols/adapter.ts'
import type { RequestHead, ResponseHead } from '../protocols/message.ts'
import type { AttemptOutcome } from '../ports.ts'
import { admits, type Caller } from '../security/access-gate.ts'
import type { AttemptTrace } from '../telemetry/spans/index.ts'
import type { Routed } from './pipeline.ts'
import type { Plane } from './plane.ts'
import type { TargetPool } from './pool.ts'
import type { RequestBody } from './request-body.ts'
import type { RequestWatch } from './request-watch.ts'
import { attemptFields, dropFor } from './request-fields.ts'
import type { PlaneState } from './state.ts'

const maxOutstanding = 64
const timeoutUs = 5_000_000

export class Mirrors {
  plane!: Plane
  readonly #outstanding = new Set<MirrorRequest>()

  /** Draws for each mirror of the rule, and sends. Bodies that are not held whole cannot be copied: counted as skipped. */
  offer(state: PlaneState, routed: Routed, head: RequestHead, body: RequestBody, own: readonly string[], requestId: string, caller: Caller, watch: RequestWatch | null): void {
    for (const { mirrors } of [routed.entry.filters, routed.backend.filters]) {
      for (const { service, fraction } of mirrors ?? []) {
        if (this.plane.random.next() >= fraction) continue
        const gate = state.access.get(service)
        const open = gate === undefined || admits(gate, caller, head.method, routed.path)
        const target = open ? this.#pick(state, service, routed.backend.plan.regionMask) : -1
        if (target === -1 || this.#outstanding.size >= maxOutstanding || !(body.empty || (body.buffered && body.complete))) {
          this.plane.metrics.mirrorsSkipped++
        } else {
          this.#send(state, target, service, routed, head, body, own, requestId, watch)
        }
      }
    }
  }

  #pick(state: PlaneState, service: string, regionMask: number): number {
    const index = state.serviceIndex.get(service)
    if (index === undefined) return -1
    const { services, targets } = state.topology
    const allowed = services[index].targets.filter((target) => (regionMask >>> targets[target].region) & 1)
    return allowed.length === 0 ? -1 : allowed[Math.floor(this.plane.random.next() * allowed.length)]
  }

  #send(
    state: PlaneState, target: number, service: string, routed: Routed, head: RequestHead, body: RequestBody, own: readonly string[], requestId: string,
    watch: RequestWatch | null,
  ): void {
    const { kind, region } = state.topology.targets[target]
    const pool = state.pools[target]
    const trace = watch?.attempt('mirror') ?? null
    if (kind === 'link') watch?.reached(pool)
    const fields = attemptFields(own, trace, kind === 'link', this.plane.bootstrap.name, routed.entry.route.id, service)
    const names = { service, region: state.topology.regions[region].name, requestId }
    const mirror = new MirrorRequest(this.#outstanding, this.plane, pool, names, kind === 'link', trace)
    const connection = pool.acquire()
    mirror.connection = connection
    connection.request(mirror, head.method, routed.target, head.fields, dropFor(trace), fields, body.framing)
    body.sendWhole(connection)
  }

  /** Ends those that take too long. */
  sweep(clock: Clock): void {
    for (const mirror of this.#outstanding) mirror.expire(clock.nowUs() - timeoutUs)
  }
}

class MirrorRequest implements UpstreamExchange {
  connection: ClientConnection | null = null
  readonly #outstanding: Set<MirrorRequest>
  readonly #plane: Plane
  readonly #pool: TargetPool
  readonly #names: { service: string; region: string; requestId: string }
  readonly #isLink: boolean
  readonly #trace: AttemptTrace | null
  readonly #startUs: number
  #status = 0

  constructor(
    outstanding: Set<MirrorRequest>, plane: Plane, pool: TargetPool, names: { service: string; region: string; requestId: string }, isLink: boolean,
    trace: AttemptTrace | null,
  ) {
    this.#outstanding = outstanding
    this.#plane = plane
    this.#pool = pool
    this.#names = names
    this.#isLink = isLink
    this.#trace = trace
    this.#startUs = plane.clock.nowUs()
    outstanding.add(this)
  }

  connected(): void {}
  heard(): void {}
  interim(): void {}
  bodyPiece(): void {}
  readEnd(): void {}
  upstreamDrained(): void {}

  head(head: ResponseHead): void {
    this.#status = head.status
  }

  bodyEnd(): void {
    this.#end(this.#status >= 500 ? '5xx' : 'ok')
  }

  failed(ending: UpstreamEnding): void {
    this.#end(ending)
  }

  expire(beforeUs: number): void {
    if (this.#startUs > beforeUs) return
    this.connection?.abandon()
    this.#end('timeout')
  }

  #end(outcome: AttemptOutcome): void {
    this.#outstanding.delete(this)
    this.#plane.metrics.attempt('mirror', outcome)
    const nowUs = this.#plane.clock.nowUs()
    const told = {
      ...this.#names, attempt: 0, reason: 'mirror' as const, target: this.#pool.key, startUs: this.#startUs, status: this.#status, outcome,
    }
    this.#trace?.end({ ...told, isLink: this.#isLink }, nowUs)
    if (this.#plane.attemptLog) this.#plane.evidence.attempt({ ...told, durationUs: nowUs - this.#startUs })
  }
}
