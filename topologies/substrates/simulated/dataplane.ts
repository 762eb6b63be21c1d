// The data plane of the simulated world: what `gateway/dataplane` does with sockets, done with events. Each handler
// is one arrival at a gateway: it tells the real core what came, and turns the core's effects into further events.
// Connections cost no events: an attempt uses an idle one, or opens one, and fails when its link or process does.

import { attemptEndings, Effect, failReasons, RequestFlag } from '../../../gateway/routing/core.ts'
import type { AttemptEnding, FailReason, RoutePlan } from '../../../gateway/routing/core.ts'
import { accessDeniedCode, failAnswers, noBackend, noRoute, notReady, type Answer } from '../../../gateway/dataplane/answers.ts'
import { pickBackend } from '../../../gateway/dataplane/state.ts'
import type { GatewayEvent } from '../../../gateway/ports.ts'
import type { RequestOutcome } from '../../../gateway/telemetry/metrics.ts'
import { clientTraceparent } from '../../client-trace.ts'
import { packAnswer, reasonIndex, reasonOf, regionOf, statusOf } from './answers.ts'
import type { Engine } from './engine/engine.ts'
import { tellEffect } from './evidence.ts'
import { Attempt, Exchange, ExchangeFlag, Table } from './flights.ts'
import { coreRowMask, ProcessState, To, type SimulatedGateway } from './gateway.ts'
import type { Watch } from './invariants.ts'
import { Kind } from './kinds.ts'
import type { WorldLayout } from './layout.ts'
import type { SimulationModel } from './model.ts'
import { Lost, type Network } from './network.ts'
import type { Pools } from './pools.ts'
import { attemptOutcomeCodes, attemptReasonCodes, type Recorder } from './recorder.ts'
import { routeIndexOf } from './routes.ts'
import { ServicesState, type Services } from './services.ts'
import type { GatewayTelemetry } from './telemetry.ts'
import type { Watches } from './watches.ts'
import { Watching } from './watching.ts'

/** Octets of a head on the wire, more or less; what bodies add is known. */
export const headBytes = 350
/** A refusal or a reset by the near side's own kernel is known at once. */
export const localUs = 100
const noService = -1
const codeOf = (code: string): number => attemptOutcomeCodes.indexOf(code as (typeof attemptOutcomeCodes)[number])
const outcome = {
  ok: codeOf('ok'), failed: codeOf('5xx'), cancelled: codeOf('cancelled'), unavailable: codeOf('gateway-unavailable'), denied: codeOf('access-denied'),
  of: attemptEndings.map((ending) => codeOf(ending)),
}
type OwnAnswer = Pick<Answer, 'status' | 'code' | 'outcome'>
const denied: OwnAnswer = { status: 403, code: accessDeniedCode, outcome: 'access-denied' }
/** A decision of the far gateway's policy: it stands, and is no sign of bad health. */
const deniedReason = reasonIndex(accessDeniedCode)
export const cancelledOutcome = outcome.cancelled

/** What clients look like from here. */
export interface ClientSide {
  /** An exchange that entered at a gateway was answered: the packed answer leaves now. `sampled`: and says so of its head. */
  answered(client: number, answer: number, bytes: number, attempts: number, sampled: boolean): void
  /** The exchange that serves a client request. */
  serving(client: number, exchange: number): void
  /** Name of a client request, and whether it begins its trace. */
  requestId(client: number): string
  isTraced(client: number): boolean
}

export interface DataPlaneParts {
  engine: Engine
  layout: WorldLayout
  network: Network
  services: Services
  model: SimulationModel
  gateways: readonly SimulatedGateway[]
  /** Octets of the body of a request, by template. */
  templateBytes: Int32Array
  pools: Pools
  recorder: Recorder
  watch: Watch
  tell(source: string, event: GatewayEvent): void
  /** A gateway that was idle has a request in flight. */
  hasten(gateway: SimulatedGateway): void
  /** A core wants a target probed. */
  probe(gateway: SimulatedGateway, target: number, timeoutMs: number): void
  clients: ClientSide
  watches: Watches
}

export class DataPlane {
  readonly exchanges = new Table(Exchange.width, 4096)
  readonly attempts = new Table(Attempt.width, 4096)
  /** Attempts (and probes, as their complements) whose bytes a black hole took, by pair of places. */
  readonly swallowed = new Map<string, number[]>()
  /** Attempts that wait for a services process that is paused, by region. */
  readonly asleep: number[][]
  readonly #parts: DataPlaneParts
  readonly #watching: Watching

  constructor(parts: DataPlaneParts) {
    this.#parts = parts
    this.#watching = new Watching({ ...parts, exchanges: this.exchanges })
    this.asleep = parts.layout.regions.map(() => [])
    const { engine } = parts
    engine.on(Kind.hop, (attempt, gateway) => this.#hop(attempt, gateway))
    engine.on(Kind.answer, (attempt, answer) => this.#answer(attempt, answer))
    engine.on(Kind.broken, (attempt, ending) => this.#broken(attempt, ending & 15, ending >= 16))
    engine.on(Kind.abandon, (exchange, gateway) => this.#abandonLater(exchange, gateway))
    engine.on(Kind.serve, (attempt, endpoint) => this.#serve(attempt, endpoint))
    engine.on(Kind.served, (attempt, endpoint) => this.#served(attempt, endpoint))
  }

  // ── requests ──

  /** A client's request begins at its entry gateway, which runs. `pin`: region of the world, or -1. */
  enter(gateway: SimulatedGateway, client: number, template: number, row: number, pin: number): void {
    const { clients } = this.#parts
    const nowUs = this.#parts.engine.nowUs
    const exchange = this.#open(gateway, client, template, row, pin === -1 ? 0 : ExchangeFlag.pinned)
    clients.serving(client, exchange)
    if (gateway.snapshot === null) return this.#refuse(exchange, notReady)
    const choice = gateway.choice(template)
    if (gateway.telemetry !== null) this.#watchEntry(gateway, gateway.telemetry, exchange, client, template, choice.route)
    const backend = choice.route === -1 || choice.redirects ? null : choice.only ?? pickBackend(choice, gateway.random.next())
    if (choice.redirects) return this.#reply(exchange, packAnswer(302, 0, 0), 'ok')
    if (backend === null) return this.#refuse(exchange, choice.route === -1 ? noRoute : noBackend)
    if (backend.denied) return this.#refuse(exchange, denied)
    const { cells } = this.exchanges
    const at = this.exchanges.at(exchange)
    cells[at + Exchange.service] = backend.service
    cells[at + Exchange.route] = choice.route
    cells[at + Exchange.allowed] = choice.allowed
    gateway.budget.request(nowUs)
    const flags = (choice.eligible ? RequestFlag.Eligible : 0) | (pin === -1 ? 0 : RequestFlag.Pinned)
    const region = pin === -1 ? -1 : gateway.view!.layout.regionIndex.get(this.#parts.layout.regions[pin]) ?? -2
    if (region === -2) return this.#refuse(exchange, failAnswers['no-healthy-target'])
    this.#route(gateway, exchange, backend.plan, flags, region)
  }

  /** An attempt of a peer arrives over a link. */
  #hop(attempt: number, index: number): void {
    const { gateways, engine } = this.#parts
    const from = this.attempts.at(attempt)
    if (from === -1) return
    const gateway = gateways[index]
    if (gateway.state === ProcessState.paused) return void gateway.held.push(Kind.hop, attempt, index)
    if (gateway.state === ProcessState.stopped) return this.breakBack(attempt, gateway.place.place, 'closed')
    const sender = this.exchanges.at(this.attempts.cells[from + Attempt.exchange])
    const { cells } = this.exchanges
    const [template, row, service, route] = [cells[sender + Exchange.template], cells[sender + Exchange.row], cells[sender + Exchange.service], cells[sender + Exchange.route]]
    const exchange = this.#open(gateway, attempt, template, row, ExchangeFlag.fromPeer)
    this.attempts.cells[from + Attempt.peerExchange] = exchange
    const asking = gateways[this.attempts.cells[from + Attempt.gateway]]
    if (gateway.snapshot === null) return this.#refuse(exchange, notReady)
    const choice = asking.choice(template)
    if (gateway.telemetry !== null) this.#watchHop(gateway, gateway.telemetry, asking, exchange, attempt, template, route)
    const plan = this.#planOfPeer(gateway, asking, template, route, service)
    if (plan === null) return this.#refuse(exchange, noRoute)
    if (gateway.choices !== asking.choices && gateway.denies(choice, template, service)) return this.#refuse(exchange, denied)
    const at = this.exchanges.at(exchange)
    this.exchanges.cells[at + Exchange.service] = service
    this.exchanges.cells[at + Exchange.route] = route
    gateway.budget.request(engine.nowUs)
    const eligible = choice.eligible ? RequestFlag.Eligible : 0
    this.#route(gateway, exchange, plan, eligible | RequestFlag.LocalOnly, -1)
  }

  #watchEntry(gateway: SimulatedGateway, telemetry: GatewayTelemetry, exchange: number, client: number, template: number, route: number): void {
    const { clients, watches } = this.#parts
    const id = clients.requestId(client)
    watches.enter(gateway, telemetry, exchange, template, route, id, clients.isTraced(client) ? clientTraceparent(id) : '')
  }

  #watchHop(gateway: SimulatedGateway, telemetry: GatewayTelemetry, asking: SimulatedGateway, exchange: number, attempt: number, template: number, route: number): void {
    const named = asking.snapshot?.routes[route]
    this.#parts.watches.hop(gateway, telemetry, exchange, attempt, template, named === undefined ? -1 : routeIndexOf(gateway.snapshot!, named.id))
  }

  /** The entry gateway names route and service; where both see the same routes that is the same choice. */
  #planOfPeer(gateway: SimulatedGateway, asking: SimulatedGateway, template: number, route: number, service: number): RoutePlan | null {
    const choice = gateway.choices === asking.choices ? asking.choice(template) : undefined
    if (choice?.only != null && choice.only.service === service) return choice.only.plan
    const known = asking.snapshot?.routes[route]
    return known === undefined ? null : gateway.peerPlan(known.id, service)
  }

  #open(gateway: SimulatedGateway, origin: number, template: number, row: number, flags: number): number {
    const exchange = this.exchanges.open()
    const { cells } = this.exchanges
    const at = this.exchanges.at(exchange)
    cells[at + Exchange.gateway] = gateway.index
    cells[at + Exchange.ticket] = -1
    cells[at + Exchange.origin] = origin
    cells[at + Exchange.flags] = flags
    cells[at + Exchange.template] = template
    cells[at + Exchange.sends] = 0
    cells[at + Exchange.row] = row
    cells[at + Exchange.service] = noService
    cells[at + Exchange.allowed] = -1
    return exchange
  }

  #route(gateway: SimulatedGateway, exchange: number, plan: RoutePlan, flags: number, pin: number): void {
    const nowUs = this.#parts.engine.nowUs
    const ticket = gateway.core.request(plan, flags, gateway.random.next(), pin, nowUs)
    if (ticket >= 0) {
      this.exchanges.cells[this.exchanges.at(exchange) + Exchange.ticket] = ticket
      gateway.putExchange(ticket, exchange)
      if (gateway.inFlight++ === 0) this.#parts.hasten(gateway)
    }
    this.apply(gateway, ticket >= 0 ? -1 : exchange)
  }

  // ── effects ──

  /** Applies what the core asked for. `refused`: the exchange that a Fail without a ticket is about. */
  apply(gateway: SimulatedGateway, refused = -1): void {
    const { effects } = gateway.core
    // Nothing here calls the core, so the buffer stays as it is until it is emptied.
    const { data } = effects
    const { length } = effects
    for (let at = 0; at < length * 5; at += 5) {
      const kind = data[at]
      if (kind === Effect.Send) this.#send(gateway, data[at + 1], data[at + 2], data[at + 3], data[at + 4])
      else if (kind === Effect.Cancel) this.#cancel(gateway, data[at + 2])
      else if (kind === Effect.Fail) this.#fail(gateway, data[at + 1], failReasons[data[at + 2]], refused)
      else if (kind === Effect.Probe) this.#parts.probe(gateway, data[at + 1], data[at + 2])
      else if (kind !== Effect.Accept) {
        const { pools, engine, tell } = this.#parts
        tellEffect(gateway, pools, engine.nowUs, tell, kind, data[at + 1], data[at + 2], data[at + 3], data[at + 4])
      }
    }
    effects.length = 0
  }

  #send(gateway: SimulatedGateway, ticket: number, core: number, target: number, reason: number): void {
    const { engine, recorder, network, gateways, model, pools } = this.#parts
    const exchange = gateway.exchangeOf[ticket & coreRowMask]
    const from = this.exchanges.at(exchange)
    const { cells } = this.exchanges
    const { to } = gateway
    const nowUs = engine.nowUs
    const attempt = this.attempts.open()
    const own = this.attempts.cells
    const at = this.attempts.at(attempt)
    const there = target * To.width
    const peer = to[there + To.peer]
    const endpoint = to[there + To.endpoint]
    const region = to[there + To.region]
    const pool = to[there + To.pool]
    own[at + Attempt.gateway] = gateway.index
    own[at + Attempt.core] = core
    own[at + Attempt.exchange] = exchange
    own[at + Attempt.peer] = peer
    own[at + Attempt.endpoint] = endpoint
    own[at + Attempt.peerExchange] = -1
    own[at + Attempt.answer] = -1
    own[at + Attempt.pool] = pool
    own[at + Attempt.row] = recorder.openAttempt(
      cells[from + Exchange.row], gateway.index, cells[from + Exchange.sends]++, reason, cells[from + Exchange.service], to[there + To.target], region, nowUs)
    gateway.putAttempt(core, attempt)
    if (gateway.telemetry !== null) this.#watchAttempt(gateway, exchange, attempt, target, reason)
    const isOpen = pools.take(pool)
    if (reason !== 0) this.#watching.sentAgain(gateway, from, reason)
    const flags = cells[from + Exchange.flags]
    if ((flags & ExchangeFlag.fromPeer) === 0 && (cells[from + Exchange.allowed] & (1 << region)) === 0) this.#watching.leaked(gateway, from, region)
    if (endpoint !== -1) return this.#sendToEndpoint(attempt, endpoint, from)
    if (peer === -1) return engine.post(nowUs + localUs, Kind.broken, attempt, attemptEndings.indexOf('refused'))
    const takenUs = network.transit(gateway.place.place, peer, headBytes + this.#parts.templateBytes[cells[from + Exchange.template]], nowUs)
    if (takenUs === Lost.broken) return engine.post(nowUs + localUs, Kind.broken, attempt, attemptEndings.indexOf('refused'))
    cells[from + Exchange.flags] |= ExchangeFlag.reached
    const opensUs = isOpen ? 0 : model.handshakeRtts * network.rttUs(gateway.place.place, peer)
    if (takenUs === Lost.swallowed) return this.swallow(gateway.place.place, gateways[peer].place.place, attempt)
    engine.post(nowUs + takenUs + opensUs, Kind.hop, attempt, peer)
  }

  #watchAttempt(gateway: SimulatedGateway, exchange: number, attempt: number, target: number, reason: number): void {
    const { layout, gateways, watches } = this.#parts
    const from = this.exchanges.at(exchange)
    const { topology } = gateway.view!.layout
    const { key, region } = topology.targets[target]
    const peer = gateway.to[target * To.width + To.peer]
    watches.sent(exchange, attempt, {
      peer: peer === -1 ? null : gateways[peer], service: layout.services[this.exchanges.cells[from + Exchange.service]].name, target: key,
      region: topology.regions[region].name, attempt: this.exchanges.cells[from + Exchange.sends] - 1, reason: attemptReasonCodes[reason],
    })
  }

  #sendToEndpoint(attempt: number, endpoint: number, from: number): void {
    const { engine, services, layout, watches } = this.#parts
    const region = layout.endpointRegion[endpoint]
    const nowUs = engine.nowUs
    const state = services.state[region]
    if (state === ServicesState.stopped) return engine.post(nowUs + localUs, Kind.broken, attempt, attemptEndings.indexOf('refused'))
    this.exchanges.cells[from + Exchange.flags] |= ExchangeFlag.reached
    if (services.isLimited(endpoint)) return engine.post(nowUs + services.hopUs(), Kind.serve, attempt, endpoint)
    const answer = packAnswer(services.status(endpoint), 0, region + 1)
    const [thereUs, workUs, backUs] = [services.hopUs(), services.workUs(endpoint), services.hopUs()]
    if (watches.hearsServices) watches.serves(attempt, nowUs + thereUs, workUs)
    engine.post(nowUs + thereUs + workUs + backUs, Kind.answer, attempt, answer)
  }

  /** A limited endpoint takes an attempt up, now or when it is its turn. */
  #serve(attempt: number, endpoint: number): void {
    const { services } = this.#parts
    if (this.attempts.at(attempt) === -1) return
    if (services.begin(endpoint, attempt)) this.#work(attempt, endpoint)
  }

  #work(attempt: number, endpoint: number): void {
    const { services, engine, watches } = this.#parts
    const workUs = services.workUs(endpoint)
    if (watches.hearsServices) watches.serves(attempt, engine.nowUs, workUs)
    engine.post(engine.nowUs + workUs, Kind.served, attempt, endpoint)
  }

  #served(attempt: number, endpoint: number): void {
    const { services, engine, layout } = this.#parts
    const next = services.end(endpoint, (waiting) => this.attempts.at(waiting) !== -1)
    if (next !== -1) this.#work(next, endpoint)
    const answer = packAnswer(services.status(endpoint), 0, layout.endpointRegion[endpoint] + 1)
    engine.post(engine.nowUs + services.hopUs(), Kind.answer, attempt, answer)
  }

  #cancel(gateway: SimulatedGateway, core: number): void {
    const attempt = gateway.attemptOf[core & coreRowMask]
    const at = attempt === -1 ? -1 : this.attempts.at(attempt)
    if (at === -1 || this.attempts.cells[at + Attempt.core] !== core) return
    const answer = this.attempts.cells[at + Attempt.answer]
    this.#closeAttempt(gateway, attempt, answer === -1 ? outcome.cancelled : outcomeOf(answer), answer === -1 ? 0 : statusOf(answer), false)
  }

  /** Ends an attempt's row, and what its peer does for it. `keep`: its connection may be used again. */
  #closeAttempt(gateway: SimulatedGateway, attempt: number, code: number, status: number, keep: boolean): void {
    const { recorder, engine, network } = this.#parts
    const { cells } = this.attempts
    const at = this.attempts.at(attempt)
    recorder.closeAttempt(cells[at + Attempt.row], engine.nowUs, status, code)
    if (gateway.telemetry !== null) this.#parts.watches.attemptEnded(attempt, status, attemptOutcomeCodes[code])
    this.#parts.pools.release(cells[at + Attempt.pool], keep)
    const serving = cells[at + Attempt.peerExchange]
    if (serving !== -1 && cells[at + Attempt.answer] === -1) {
      const takenUs = network.transit(gateway.place.place, cells[at + Attempt.peer], headBytes, engine.nowUs)
      if (takenUs >= 0) engine.post(engine.nowUs + takenUs, Kind.abandon, serving, cells[at + Attempt.peer])
    }
    gateway.attemptOf[cells[at + Attempt.core] & coreRowMask] = -1
    this.attempts.close(attempt)
  }

  #fail(gateway: SimulatedGateway, ticket: number, reason: FailReason, refused: number): void {
    const exchange = refused !== -1 ? refused : gateway.exchangeOf[ticket & coreRowMask]
    if (refused === -1) this.#forget(gateway, exchange)
    if (refused !== -1 && reason === 'no-healthy-target') this.#watching.refused(gateway, exchange)
    this.#refuse(exchange, failAnswers[reason])
  }

  /** The core no longer holds the exchange. */
  #forget(gateway: SimulatedGateway, exchange: number): void {
    const { cells } = this.exchanges
    const at = this.exchanges.at(exchange)
    const ticket = cells[at + Exchange.ticket]
    if (ticket === -1) return
    gateway.exchangeOf[ticket & coreRowMask] = -1
    cells[at + Exchange.ticket] = -1
    gateway.inFlight--
  }

  // ── answers ──

  /** A response head, and with it the whole response, reaches the gateway that asked. */
  #answer(attempt: number, answer: number): void {
    const { gateways, engine, services, layout } = this.#parts
    const { cells } = this.attempts
    const at = this.attempts.at(attempt)
    if (at === -1) return
    const gateway = gateways[cells[at + Attempt.gateway]]
    const endpoint = cells[at + Attempt.endpoint]
    if (endpoint !== -1 && services.state[layout.endpointRegion[endpoint]] === ServicesState.paused) {
      return void this.asleep[layout.endpointRegion[endpoint]].push(attempt, answer)
    }
    if (gateway.state === ProcessState.paused) return void gateway.held.push(Kind.answer, attempt, answer)
    const nowUs = engine.nowUs
    cells[at + Attempt.answer] = answer
    if (gateway.telemetry !== null) this.#parts.watches.answered(attempt, statusOf(answer))
    const core = cells[at + Attempt.core]
    const exchange = cells[at + Attempt.exchange]
    const fromGateway = reasonOf(answer) !== 0
    const { cells: of } = this.exchanges
    const row = this.exchanges.at(exchange)
    of[row + Exchange.flags] = fromGateway ? of[row + Exchange.flags] | ExchangeFlag.free : of[row + Exchange.flags] & ~ExchangeFlag.free
    gateway.core.head(core, statusOf(answer), fromGateway && reasonOf(answer) !== deniedReason, nowUs)
    this.apply(gateway)
    // Not accepted: another place is asked, and the core has given this attempt up.
    if (this.attempts.at(attempt) === -1) return
    this.#forget(gateway, exchange)
    this.#closeAttempt(gateway, attempt, outcomeOf(answer), statusOf(answer), true)
    gateway.core.finished(core, 'complete', true, nowUs)
    this.apply(gateway)
    this.#reply(exchange, answer, null)
  }

  #refuse(exchange: number, { status, code, outcome: why }: OwnAnswer): void {
    const { cells } = this.exchanges
    const flags = cells[this.exchanges.at(exchange) + Exchange.flags]
    // To a peer a gateway owns up to an answer of its own only when no service can have seen the request.
    const own = (flags & ExchangeFlag.fromPeer) === 0 || (flags & ExchangeFlag.reached) === 0
    this.#reply(exchange, packAnswer(status, own ? reasonIndex(code) : 0, 0), why)
  }

  /** Sends the answer back where the request came from; the exchange is over. `own`: outcome of an answer of the gateway's own. */
  #reply(exchange: number, answer: number, own: RequestOutcome | null): void {
    const { engine, gateways, network, layout, clients } = this.#parts
    const { cells } = this.exchanges
    const at = this.exchanges.at(exchange)
    const origin = cells[at + Exchange.origin]
    const gateway = gateways[cells[at + Exchange.gateway]]
    const service = cells[at + Exchange.service]
    const bytes = regionOf(answer) === 0 || service === noService ? headBytes : layout.serviceBytes[service]
    const isPeer = (cells[at + Exchange.flags] & ExchangeFlag.fromPeer) !== 0
    const sends = cells[at + Exchange.sends]
    const sampled = gateway.telemetry !== null && !isPeer && this.#parts.watches.sampled(exchange)
    if (gateway.telemetry !== null) this.#watchEnd(exchange, statusOf(answer), own ?? upstreamOutcome(answer), regionOf(answer), isPeer ? origin : -1)
    this.exchanges.close(exchange)
    if (!isPeer) return clients.answered(origin, answer, bytes, sends, sampled)
    const asked = this.attempts.at(origin)
    if (asked === -1) return
    const asking = gateways[this.attempts.cells[asked + Attempt.gateway]]
    this.attempts.cells[asked + Attempt.peerExchange] = -1
    const takenUs = network.transit(gateway.place.place, asking.place.place, headBytes + bytes, engine.nowUs)
    if (takenUs === Lost.swallowed) return this.swallow(gateway.place.place, asking.place.place, origin)
    if (takenUs === Lost.broken) return engine.post(engine.nowUs + localUs, Kind.broken, origin, attemptEndings.indexOf('closed') + 16)
    engine.post(engine.nowUs + takenUs, Kind.answer, origin, answer)
  }

  /** `region`: of the world and one more, 0 = none answered. */
  #watchEnd(exchange: number, status: number, why: RequestOutcome, region: number, askedBy: number): void {
    const { layout, watches } = this.#parts
    const { cells } = this.exchanges
    const at = this.exchanges.at(exchange)
    const service = cells[at + Exchange.service]
    watches.ended(exchange, {
      outcome: why, status, service: service === noService ? '' : layout.services[service].name, region: region === 0 ? '' : layout.regions[region - 1],
      attempts: cells[at + Exchange.sends],
    }, askedBy)
  }

  // ── what goes wrong ──

  #broken(attempt: number, ending: number, sent: boolean): void {
    const { gateways, engine } = this.#parts
    const { cells } = this.attempts
    const at = this.attempts.at(attempt)
    if (at === -1) return
    const gateway = gateways[cells[at + Attempt.gateway]]
    if (gateway.state === ProcessState.paused) return void gateway.held.push(Kind.broken, attempt, ending + (sent ? 16 : 0))
    const core = cells[at + Attempt.core]
    const exchange = this.exchanges.at(cells[at + Attempt.exchange])
    const { cells: of } = this.exchanges
    of[exchange + Exchange.flags] = sent ? of[exchange + Exchange.flags] & ~ExchangeFlag.free : of[exchange + Exchange.flags] | ExchangeFlag.free
    // An answer that is on its way will find nobody, and what the peer still does for it is given up there.
    this.#closeAttempt(gateway, attempt, outcome.of[ending], 0, false)
    gateway.core.finished(core, attemptEndings[ending], sent, engine.nowUs)
    this.apply(gateway)
  }

  /** The connection of an attempt ends at its far side: the asking gateway learns it when that travels back. */
  breakBack(attempt: number, place: number, ending: AttemptEnding): void {
    const { gateways, engine, network } = this.#parts
    const at = this.attempts.at(attempt)
    const asking = gateways[this.attempts.cells[at + Attempt.gateway]]
    const takenUs = network.transit(place, asking.place.place, headBytes, engine.nowUs)
    if (takenUs === Lost.swallowed) return this.swallow(place, asking.place.place, attempt)
    engine.post(engine.nowUs + Math.max(localUs, takenUs), Kind.broken, attempt, attemptEndings.indexOf(ending) + 16)
  }

  /** Bytes of an attempt went into a black hole: when it is gone, so is the connection. */
  swallow(from: number, to: number, attempt: number): void {
    const key = `${from}>${to}`
    const list = this.swallowed.get(key)
    if (list === undefined) this.swallowed.set(key, [attempt])
    else list.push(attempt)
  }

  /** The client, or the peer, went away. */
  abandon(exchange: number): void {
    const { gateways, engine } = this.#parts
    const at = this.exchanges.at(exchange)
    if (at === -1) return
    const { cells } = this.exchanges
    const gateway = gateways[cells[at + Exchange.gateway]]
    const ticket = cells[at + Exchange.ticket]
    if (ticket !== -1) {
      this.#forget(gateway, exchange)
      gateway.core.abandoned(ticket, engine.nowUs)
      // Cancels name attempts by the core's number, so they are applied while the exchange still stands.
      this.apply(gateway)
    }
    if (gateway.telemetry !== null) this.#watchEnd(exchange, 0, 'aborted', 0, -1)
    this.exchanges.close(exchange)
  }

  #abandonLater(exchange: number, index: number): void {
    const gateway = this.#parts.gateways[index]
    if (gateway.state === ProcessState.paused) gateway.held.push(Kind.abandon, exchange, index)
    else this.abandon(exchange)
  }
}

/** What a request comes to whose upstream's answer is handed on, as `gateway/dataplane/exchange.ts` says it. */
function upstreamOutcome(answer: number): RequestOutcome {
  if (reasonOf(answer) === deniedReason) return 'access-denied'
  const status = statusOf(answer)
  return status < 400 ? 'ok' : status < 500 ? 'client-error' : 'server-error'
}

function outcomeOf(answer: number): number {
  if (reasonOf(answer) !== 0) return reasonOf(answer) === deniedReason ? outcome.denied : outcome.unavailable
  return statusOf(answer) >= 500 ? outcome.failed : outcome.ok
}
