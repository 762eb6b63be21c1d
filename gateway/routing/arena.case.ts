// A deterministic world around one core: virtual time, fake targets that answer, hang, vanish or fail, an open
// load, and a bookkeeper that throws when an effect names something that is not there. Everything that a test
// asserts is read from its records.

import { attemptReasons, Effect, failReasons, healthCauses, healthStates, RequestFlag, type CoreTopology, type RoutePlan, type RoutingCore } from './core.ts'
import { seededRandom } from '../runtime.ts'
import { defaultHealth, type HealthSettings } from '../snapshot/snapshot.ts'
import { createRoutingCore } from './index.ts'

export const ms = 1000

/** How a fake target behaves. Silent: swallowed for ever. Frozen: kept, answered on resume. Broken: accepted, then closed. */
export type Mode =
  | { kind: 'well' } | { kind: 'silent' } | { kind: 'frozen' } | { kind: 'broken' } | { kind: 'refusing' }
  | { kind: 'failing'; status: number } | { kind: 'slower'; byUs: number } | { kind: 'turning-away' }

export interface Row {
  id: number
  startUs: number
  endUs: number
  plan: RoutePlan
  flags: number
  /** HTTP status; 0 for a Fail of the core, -1 for an abandonment. */
  status: number
  reason: string
  region: number
  attempts: { target: number; reason: string; atUs: number }[]
}

interface Flying { ticket: number; target: number; row: Row; heldUs: number | null; answerUs: number }
interface Planned { atUs: number; order: number; isTimer: boolean; run: (nowUs: number) => void }

export interface ArenaOptions {
  topology: CoreTopology
  health?: HealthSettings
  seed?: number
  /** Microseconds from sending to the head. */
  latencyUs: (target: number, service: number, random: () => number) => number
  probeUs?: (target: number) => number
}

export class Arena {
  readonly core: RoutingCore
  readonly rows: Row[] = []
  readonly states: { atUs: number; target: number; service: number; state: string; from: string; cause: string }[] = []
  readonly regions: { atUs: number; region: number; state: number; cause: string }[] = []
  readonly redirects: { atUs: number; from: number; to: number }[] = []
  readonly drains: { atUs: number; target: number }[] = []
  readonly probes: { atUs: number; target: number }[] = []
  discarded = 0
  ticks = 0
  nowUs = 1_000_000_000
  readonly zeroUs = this.nowUs
  readonly modes = new Map<string, Mode>()
  unavailable: (target: number) => number[] = () => []
  private readonly options: ArenaOptions
  private readonly random: () => number
  private readonly queue: Planned[] = []
  private order = 0
  private readonly flying = new Map<number, Flying>()
  private readonly tickets = new Map<number, Row>()
  private readonly services = new Map<Row, number>()
  private readonly heldProbes: { target: number; sentUs: number; done: boolean }[] = []
  private blockedUntilUs = -Infinity

  constructor(options: ArenaOptions) {
    this.options = options
    const stream = seededRandom(options.seed ?? 1)
    this.random = () => stream.next()
    this.core = createRoutingCore(options.topology, options.health ?? defaultHealth, this.nowUs)
  }

  /** Microseconds since the arena began. */
  get elapsedUs(): number {
    return this.nowUs - this.zeroUs
  }

  at(elapsedUs: number, run: (nowUs: number) => void, isTimer = false): void {
    const entry = { atUs: this.zeroUs + elapsedUs, order: this.order++, isTimer, run }
    const queue = this.queue
    queue.push(entry)
    for (let child = queue.length - 1; child > 0;) {
      const parent = (child - 1) >> 1
      if (!before(queue[child], queue[parent])) break
      ;[queue[child], queue[parent]] = [queue[parent], queue[child]]
      child = parent
    }
  }

  /** `perSecond` requests, evenly spaced, from one time to another. */
  load(plan: RoutePlan, perSecond: number, fromUs: number, toUs: number, flags: number = RequestFlag.Eligible, pin = -1): void {
    const stepUs = 1_000_000 / perSecond
    const next = (atUs: number): void => {
      if (atUs < toUs) this.at(atUs, () => { this.request(plan, flags, pin); next(atUs + stepUs) })
    }
    next(fromUs)
  }

  request(plan: RoutePlan, flags: number, pin = -1): Row {
    const row: Row = { id: -1, startUs: this.elapsedUs, endUs: NaN, plan, flags, status: NaN, reason: '', region: -1, attempts: [] }
    this.rows.push(row)
    this.services.set(row, plan.services[0] ?? -1)
    this.starting = row
    row.id = this.core.request(plan, flags, this.random(), pin, this.nowUs)
    this.apply()
    this.starting = null
    return row
  }
  private starting: Row | null = null

  abandon(row: Row): void {
    if (!Number.isNaN(row.endUs)) return
    this.core.abandoned(row.id, this.nowUs)
    this.apply()
    this.end(row, -1, 'abandoned')
  }

  /** One connection that carries a request is closed, as a peer does with one that it holds for idle. */
  breakOne(): void {
    const first = this.flying.keys().next()
    if (first.done !== true) this.finish(first.value, 'closed')
  }

  /** The process stands still: what is due meanwhile happens afterwards, timers first, as Node does. */
  block(forUs: number): void {
    this.blockedUntilUs = this.nowUs + forUs
  }

  /** Sets the behaviour of a target, for one service or all ('*'). What is in flight there is affected as in life. */
  set(target: number, mode: Mode, service: number | '*' = '*'): void {
    this.modes.set(`${target}/${service}`, mode)
    for (const [attempt, flight] of [...this.flying]) {
      if (flight.target !== target || (service !== '*' && this.services.get(flight.row) !== service)) continue
      if (mode.kind === 'broken') this.io(100, () => this.finish(attempt, 'closed'))
      if (mode.kind === 'well' && flight.heldUs !== null) this.answerAfter(attempt, 1 * ms)
    }
    if (mode.kind !== 'well') return
    for (const probe of this.heldProbes.splice(0)) if (!probe.done) this.io(1 * ms, (nowUs) => this.reportProbe(probe, true, nowUs))
  }

  run(untilUs: number): void {
    const endUs = this.zeroUs + untilUs
    for (;;) {
      const first = this.queue[0]
      const tickUs = Math.max(this.core.nextTickUs, this.blockedUntilUs)
      const firstUs = first === undefined ? Infinity : Math.max(first.atUs, this.blockedUntilUs)
      if (Math.min(firstUs, tickUs) > endUs) break
      if (tickUs <= firstUs) {
        const lagUs = Math.max(0, tickUs - this.core.nextTickUs)
        this.nowUs = Math.max(this.nowUs, tickUs)
        this.ticks++
        this.core.tick(lagUs, this.nowUs)
        this.apply()
        continue
      }
      this.pop()
      if (first.atUs < this.blockedUntilUs && !first.isTimer) {
        this.at(this.blockedUntilUs - this.zeroUs, first.run, true)
        continue
      }
      this.nowUs = Math.max(this.nowUs, firstUs)
      first.run(this.nowUs)
    }
    this.nowUs = endUs
  }

  /** Requests that have not ended. */
  get open(): number {
    return this.tickets.size
  }

  private pop(): void {
    const queue = this.queue
    const last = queue.pop() as Planned
    if (queue.length === 0) return
    queue[0] = last
    for (let parent = 0; ;) {
      const left = 2 * parent + 1
      if (left >= queue.length) return
      const child = left + 1 < queue.length && before(queue[left + 1], queue[left]) ? left + 1 : left
      if (!before(queue[child], queue[parent])) return
      ;[queue[child], queue[parent]] = [queue[parent], queue[child]]
      parent = child
    }
  }

  private io(afterUs: number, run: (nowUs: number) => void): void {
    this.at(this.elapsedUs + afterUs, run)
  }

  private modeOf(target: number, service: number): Mode {
    return this.modes.get(`${target}/${service}`) ?? this.modes.get(`${target}/*`) ?? { kind: 'well' }
  }

  private apply(): void {
    const { effects } = this.core
    const taken = effects.data.slice(0, effects.length * 5)
    effects.length = 0
    for (let at = 0; at < taken.length; at += 5) this.applyOne(taken[at], taken[at + 1], taken[at + 2], taken[at + 3], taken[at + 4])
  }

  private applyOne(kind: number, a: number, b: number, c: number, d: number): void {
    const atUs = this.elapsedUs
    if (kind === Effect.Send) this.send(a, b, c, attemptReasons[d])
    else if (kind === Effect.Accept) this.accept(a, b)
    else if (kind === Effect.Cancel) this.take(b, a)
    else if (kind === Effect.Fail) this.end(a === -1 ? this.starting as Row : this.ticket(a), 0, failReasons[b])
    else if (kind === Effect.Probe) this.probe(a, b * ms)
    else if (kind === Effect.Drain) this.drains.push({ atUs, target: a })
    else if (kind === Effect.TargetState) {
      this.states.push({ atUs, target: a, service: b, state: healthStates[c & 15], from: healthStates[c >> 4], cause: healthCauses[d] })
    } else if (kind === Effect.RegionState) this.regions.push({ atUs, region: a, state: b, cause: healthCauses[d] })
    else if (kind === Effect.Redirect) this.redirects.push({ atUs, from: a, to: b })
    else if (kind === Effect.Discarded) this.discarded++
    else throw new Error(`unknown effect ${kind}`)
  }

  private ticket(id: number): Row {
    const row = this.tickets.get(id)
    if (row === undefined) throw new Error(`an effect names ticket ${id}, which is not open`)
    return row
  }

  private send(ticket: number, attempt: number, target: number, reason: string): void {
    const row = this.tickets.get(ticket) ?? this.starting
    if (row === null) throw new Error(`Send for ticket ${ticket}, which is not open`)
    this.tickets.set(ticket, row)
    if (this.flying.has(attempt)) throw new Error(`attempt ${attempt} was sent twice`)
    row.attempts.push({ target, reason, atUs: this.elapsedUs })
    const service = this.services.get(row) as number
    const mode = this.modeOf(target, service)
    const latencyUs = this.options.latencyUs(target, service, this.random) + (mode.kind === 'slower' ? mode.byUs : 0)
    this.flying.set(attempt, { ticket, target, row, heldUs: null, answerUs: latencyUs })
    if (mode.kind === 'refusing') this.io(latencyUs / 2, () => this.finish(attempt, 'refused', false))
    else if (mode.kind === 'broken') this.io(latencyUs / 2, () => this.finish(attempt, 'closed'))
    else this.answerAfter(attempt, latencyUs)
  }

  private answerAfter(attempt: number, afterUs: number): void {
    this.io(afterUs, () => {
      const flight = this.flying.get(attempt)
      if (flight === undefined) return
      const mode = this.modeOf(flight.target, this.services.get(flight.row) as number)
      if (mode.kind === 'frozen') flight.heldUs = this.elapsedUs
      if (mode.kind === 'silent' || mode.kind === 'frozen' || mode.kind === 'broken') return
      const status = mode.kind === 'failing' ? mode.status : mode.kind === 'turning-away' ? 503 : 200
      flight.row.status = status
      this.core.head(attempt, status, mode.kind === 'turning-away', this.nowUs)
      this.apply()
      if (this.flying.has(attempt)) this.finish(attempt, 'complete')
    })
  }

  private finish(attempt: number, ending: 'complete' | 'closed' | 'refused', sent = true): void {
    const flight = this.flying.get(attempt)
    if (flight === undefined) return
    this.flying.delete(attempt)
    this.core.finished(attempt, ending, sent, this.nowUs)
    this.apply()
    if (ending === 'complete') this.end(flight.row, flight.row.status, '')
  }

  private accept(ticket: number, attempt: number): void {
    const flight = this.flying.get(attempt)
    if (flight === undefined || flight.ticket !== ticket) throw new Error(`Accept names attempt ${attempt}, which is not out`)
    flight.row.region = this.options.topology.targets[flight.target].region
  }

  private take(attempt: number, ticket: number): void {
    const flight = this.flying.get(attempt)
    if (flight === undefined || flight.ticket !== ticket) throw new Error(`Cancel names attempt ${attempt}, which is not out`)
    this.flying.delete(attempt)
  }

  private end(row: Row, status: number, reason: string): void {
    if (!Number.isNaN(row.endUs)) throw new Error('a ticket ended twice')
    row.endUs = this.elapsedUs
    row.status = status
    row.reason = reason
    this.tickets.delete(row.id)
    for (const flight of this.flying.values()) if (flight.row === row) throw new Error('a ticket ended with an attempt still out')
  }

  private probe(target: number, timeoutUs: number): void {
    this.probes.push({ atUs: this.elapsedUs, target })
    const probe = { target, sentUs: this.nowUs, done: false }
    const mode = this.modeOf(target, -1)
    const pathUs = (this.options.probeUs?.(target) ?? this.options.latencyUs(target, -1, () => 0.5)) + (mode.kind === 'slower' ? mode.byUs : 0)
    this.at(this.elapsedUs + timeoutUs, (nowUs) => this.reportProbe(probe, false, nowUs), true)
    this.io(pathUs, (nowUs) => {
      const then = this.modeOf(target, -1).kind
      if (then === 'frozen') this.heldProbes.push(probe)
      else if (then === 'broken' || then === 'refusing') this.reportProbe(probe, false, nowUs, then === 'broken' ? 'closed' : 'refused')
      else if (then !== 'silent') this.reportProbe(probe, true, nowUs)
    })
  }

  private reportProbe(probe: { target: number; sentUs: number; done: boolean }, ok: boolean, nowUs: number, cause: 'timeout' | 'closed' | 'refused' = 'timeout'): void {
    if (probe.done) return
    probe.done = true
    this.core.probed(probe.target, ok, ok ? 'probe-succeeded' : cause, nowUs - probe.sentUs, ok ? this.unavailable(probe.target) : [], nowUs)
    this.apply()
  }
}

function before(a: Planned, b: Planned): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && (a.isTimer === b.isTimer ? a.order < b.order : a.isTimer))
}

/** An edge with one link a region, and services that every region runs. */
export function edgeTopology(rttMs: readonly number[], services = 1): CoreTopology {
  return {
    ownRegion: -1,
    regions: rttMs.map((rtt, region) => ({ name: `region-${region}`, priorRttUs: rtt * ms })),
    targets: rttMs.map((_, region) => ({ key: `link:region-${region}:10.0.0.${region}:443`, region, kind: 'link' as const })),
    services: Array.from({ length: services }, (_, index) => ({ name: `service-${index}`, targets: rttMs.map((_, region) => region) })),
  }
}

/** A region's gateway (region 0) with some endpoints a service of its own, and links to the others. */
export function regionTopology(rttMs: readonly number[], services = 1, endpoints = 2): CoreTopology {
  const links = rttMs.slice(1).map((_, at) => ({ key: `link:region-${at + 1}:10.0.0.${at + 1}:443`, region: at + 1, kind: 'link' as const }))
  const own = Array.from({ length: services * endpoints }, (_, at) => ({ key: `endpoint:10.1.0.${at}:80`, region: 0, kind: 'endpoint' as const }))
  return {
    ownRegion: 0,
    regions: rttMs.map((rtt, region) => ({ name: `region-${region}`, priorRttUs: rtt * ms })),
    targets: [...links, ...own],
    services: Array.from({ length: services }, (_, index) => ({
      name: `service-${index}`,
      targets: [...links.keys(), ...Array.from({ length: endpoints }, (_, at) => links.length + index * endpoints + at)],
    })),
  }
}

/** A plan for one service over all regions, unless said otherwise. */
export function planFor(service: number, changes: Partial<RoutePlan> = {}): RoutePlan {
  return {
    services: Int32Array.of(service), cumulativeWeights: Float64Array.of(2 ** 32), regionMask: -1, failover: true, prefer: new Int32Array(0),
    maxAttempts: 3, requestTimeoutUs: 0, attemptTimeoutUs: 0, ...changes,
  }
}
