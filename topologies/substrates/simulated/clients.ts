// The clients of the simulated world: open-loop arrivals, each sent when it is due whatever became of those before,
// with the patience and (for those that enter by a list) the retries of the generator on sockets.

import { requestId } from '../../arrivals.ts'
import { requestOutcomes, type RequestOutcome } from '../../history.ts'
import { Schedule } from '../../schedule.ts'
import type { LoadSpec } from '../../substrate.ts'
import { outcomeOfResponse } from '../sockets/generator/outcome.ts'
import { answerReasons, reasonOf, regionOf, statusOf } from './answers.ts'
import { headBytes, type ClientSide, type DataPlane } from './dataplane.ts'
import type { Engine } from './engine/engine.ts'
import { Client, rowMask, Table } from './flights.ts'
import { ProcessState, type SimulatedGateway } from './gateway.ts'
import { Kind } from './kinds.ts'
import type { WorldLayout } from './layout.ts'
import { ListClients } from './list-clients.ts'
import { Lost, type Network } from './network.ts'
import type { Recorder } from './recorder.ts'
import type { StreamFacts, Streams } from './streams.ts'

/** Arrivals are taken from the schedule this far ahead, but never beyond the next step of the run. */
const aheadUs = 1_000

export interface ClientsParts {
  engine: Engine
  network: Network
  layout: WorldLayout
  gateways: readonly SimulatedGateway[]
  recorder: Recorder
  streams: Streams
  loads: readonly LoadSpec[]
  dataplane: DataPlane
  /** Time of the next step of the run: arrivals are not sent beyond it. */
  nextStepUs(): number
}

const outcomeCodes = new Map(requestOutcomes.map((outcome, code) => [outcome, code]))
const codeOf = (outcome: RequestOutcome): number => outcomeCodes.get(outcome)!

/** A queue of requests of equal patience, in the order in which they give up. */
interface Patience { us: number; items: Int32Array; head: number; tail: number; armed: boolean }

export class Clients implements ClientSide {
  readonly table = new Table(Client.width, 4096)
  /** Requests sent, and ended. */
  sent = 0
  ended = 0
  readonly #parts: ClientsParts
  readonly #schedule: Schedule
  readonly #patience: Patience[]
  readonly #lists: ListClients
  #deadlineUs = new Float64Array(4096)
  #stopped = false
  /** Requests that are out, by load. */
  readonly #out: Int32Array

  constructor(parts: ClientsParts) {
    this.#parts = parts
    this.#schedule = new Schedule(parts.loads)
    this.#out = new Int32Array(parts.loads.length)
    this.#patience = parts.streams.timeoutsUs.map((us) => ({ us, items: new Int32Array(1024), head: 0, tail: 0, armed: false }))
    this.#lists = new ListClients({
      engine: parts.engine,
      send: (client) => this.#send(client),
      end: (client, outcome) => this.#end(client, parts.engine.nowUs, -1, 0, 0, codeOf(outcome), 0, 0),
      giveUp: (client) => this.#leave(client),
      table: this.table, facts: parts.streams.facts,
      copy: (client) => this.#copy(client),
      deadlineUs: (client) => this.#deadlineUs[client & rowMask],
    })
    const { engine } = parts
    engine.on(Kind.arrive, () => this.#arrive())
    engine.on(Kind.enter, (client, gateway) => this.#enter(client, gateway))
    engine.on(Kind.patience, (queue) => this.#giveUp(this.#patience[queue], queue))
    engine.on(Kind.clientBroken, (client, outcome) => this.#broken(client, outcome))
    if (this.#schedule.nextUs < Infinity) engine.post(this.#schedule.nextUs, Kind.arrive, 0, 0)
  }

  /** Is every request over, and none due? */
  get idle(): boolean {
    return this.sent === this.ended && this.#schedule.nextUs === Infinity
  }

  /** Nothing more is sent. */
  stop(): void {
    this.#stopped = true
  }

  #arrive(): void {
    if (this.#stopped) return
    const { engine, recorder, streams } = this.#parts
    const schedule = this.#schedule
    const untilUs = Math.min(engine.nowUs + aheadUs, Math.max(engine.nowUs, this.#parts.nextStepUs()))
    while (schedule.nextUs <= untilUs) {
      const { cursor, rank } = schedule.head
      const facts = streams.facts[rank]
      const row = recorder.openRequest(rank, cursor.index, cursor.template, cursor.atUs)
      this.sent++
      if (this.#out[facts.load] >= facts.maxInFlight) {
        this.ended++
        recorder.closeRequest(row, cursor.atUs, 0, 0, 0, codeOf('lost'), 0, 0)
        schedule.advance()
        continue
      }
      this.#out[facts.load]++
      const client = this.table.open()
      const { cells } = this.table
      const at = this.table.at(client)
      cells[at + Client.row] = row
      cells[at + Client.stream] = rank
      cells[at + Client.template] = cursor.template
      cells[at + Client.gateway] = facts.gateways[0]
      cells[at + Client.exchange] = -1
      cells[at + Client.index] = cursor.index
      this.#await(client, facts, cursor.atUs)
      if (facts.kind === 'list') this.#lists.begin(client, cursor.atUs)
      else this.#sendAt(client, facts, cursor.atUs)
      schedule.advance()
    }
    if (schedule.nextUs < Infinity) engine.post(schedule.nextUs, Kind.arrive, 0, 0)
  }

  #await(client: number, facts: StreamFacts, sinceUs: number): void {
    const row = client & rowMask
    if (row >= this.#deadlineUs.length) {
      const grown = new Float64Array(this.table.capacity)
      grown.set(this.#deadlineUs)
      this.#deadlineUs = grown
    }
    this.#deadlineUs[row] = sinceUs + facts.timeoutUs
    const queue = this.#patience[facts.queue]
    if (queue.tail - queue.head === queue.items.length) enlarge(queue)
    queue.items[queue.tail++ & (queue.items.length - 1)] = client
    if (queue.armed) return
    queue.armed = true
    this.#parts.engine.post(sinceUs + facts.timeoutUs, Kind.patience, facts.queue, 0)
  }

  #send(client: number): void {
    const at = this.table.at(client)
    this.#sendAt(client, this.#parts.streams.facts[this.table.cells[at + Client.stream]], this.#parts.engine.nowUs)
  }

  #sendAt(client: number, facts: StreamFacts, atUs: number): void {
    const { engine, network, gateways } = this.#parts
    const { cells } = this.table
    const at = this.table.at(client)
    const gateway = cells[at + Client.gateway]
    const takenUs = network.transit(facts.place, gateways[gateway].place.place, facts.bytes[cells[at + Client.template]], atUs)
    if (takenUs >= 0) engine.post(atUs + takenUs, Kind.enter, client, gateway)
    else if (takenUs === Lost.broken) engine.post(atUs + localUs, Kind.clientBroken, client, codeOf('refused'))
  }

  #enter(client: number, index: number): void {
    const { gateways, streams, dataplane } = this.#parts
    const at = this.table.at(client)
    const { cells } = this.table
    // Gone, or trying another already.
    if (at === -1 || cells[at + Client.gateway] !== index) return
    const gateway = gateways[index]
    if (gateway.state === ProcessState.paused) return void gateway.held.push(Kind.enter, client, index)
    if (gateway.state === ProcessState.stopped) return this.closed(client)
    const facts = streams.facts[cells[at + Client.stream]]
    dataplane.enter(gateway, client, facts.templates[cells[at + Client.template]], cells[at + Client.row], facts.pin)
  }

  serving(client: number, exchange: number): void {
    this.table.cells[this.table.at(client) + Client.exchange] = exchange
  }

  requestId(client: number): string {
    const { cells } = this.table
    const at = this.table.at(client)
    return requestId(this.#parts.streams.recorded[cells[at + Client.stream]].label, cells[at + Client.index])
  }

  isTraced(client: number): boolean {
    return this.#parts.streams.facts[this.table.cells[this.table.at(client) + Client.stream]].traced
  }

  answered(client: number, answer: number, bytes: number, attempts: number, sampled: boolean): void {
    const { engine, network, gateways, streams } = this.#parts
    const at = this.table.at(client)
    if (at === -1) return
    const { cells } = this.table
    cells[at + Client.exchange] = -1
    const facts = streams.facts[cells[at + Client.stream]]
    const gateway = cells[at + Client.gateway]
    const takenUs = network.transit(gateways[gateway].place.place, facts.place, headBytes + bytes, engine.nowUs)
    if (takenUs === Lost.broken) return engine.post(engine.nowUs + localUs, Kind.clientBroken, client, codeOf('closed'))
    const endUs = engine.nowUs + takenUs
    // What would come too late the patience of the client ends, and what a black hole took as well.
    if (takenUs === Lost.swallowed || endUs >= this.#limitUs(client, facts)) return
    const status = statusOf(answer)
    if (facts.kind === 'list') this.#lists.answered(client, status)
    const outcome = outcomeOfAnswer(status, reasonOf(answer))
    if (sampled) this.#parts.recorder.sampled(cells[at + Client.row])
    this.#end(client, endUs, gateway, regionOf(answer), status, outcome, attempts, bytes)
  }

  #limitUs(client: number, facts: StreamFacts): number {
    const deadlineUs = this.#deadlineUs[client & rowMask]
    return facts.kind === 'list' ? Math.min(deadlineUs, this.#lists.limitUs(client)) : deadlineUs
  }

  /** The gateway's process closed the connection. */
  closed(client: number): void {
    const { engine, network, gateways, streams } = this.#parts
    const at = this.table.at(client)
    if (at === -1) return
    const { cells } = this.table
    const facts = streams.facts[cells[at + Client.stream]]
    const takenUs = network.transit(gateways[cells[at + Client.gateway]].place.place, facts.place, headBytes, engine.nowUs)
    if (takenUs !== Lost.swallowed) engine.post(engine.nowUs + Math.max(localUs, takenUs), Kind.clientBroken, client, codeOf('closed'))
  }

  /** Connections of a client group to a gateway end. */
  breakBetween(group: number, gateway: number, outcome: RequestOutcome): void {
    const { engine, streams } = this.#parts
    for (const client of this.table.live()) {
      const at = this.table.at(client)
      const { cells } = this.table
      if (streams.facts[cells[at + Client.stream]].place !== group || cells[at + Client.gateway] !== gateway) continue
      engine.post(engine.nowUs + localUs, Kind.clientBroken, client, codeOf(outcome))
    }
  }

  #broken(client: number, outcome: number): void {
    const at = this.table.at(client)
    if (at === -1) return
    this.#leave(client)
    const { kind } = this.#parts.streams.facts[this.table.cells[at + Client.stream]]
    if (kind === 'list' && this.#lists.failed(client, requestOutcomes[outcome])) return
    this.#end(client, this.#parts.engine.nowUs, -1, 0, 0, outcome, 0, 0)
  }

  /** Lets go of the gateway that is being asked, which learns of it when that arrives there. */
  #leave(client: number): void {
    const { engine, network, gateways, streams } = this.#parts
    const at = this.table.at(client)
    const { cells } = this.table
    const exchange = cells[at + Client.exchange]
    if (exchange === -1) return
    cells[at + Client.exchange] = -1
    const gateway = cells[at + Client.gateway]
    const takenUs = network.transit(streams.facts[cells[at + Client.stream]].place, gateways[gateway].place.place, headBytes, engine.nowUs)
    // What never arrives is noticed when the gateway's own limits end it.
    if (takenUs >= 0 || takenUs === Lost.broken) engine.post(engine.nowUs + Math.max(localUs, takenUs), Kind.abandon, exchange, gateway)
  }

  #giveUp(queue: Patience, index: number): void {
    const { engine } = this.#parts
    const mask = queue.items.length - 1
    queue.armed = false
    while (queue.head < queue.tail) {
      const client = queue.items[queue.head & mask]
      if (this.table.at(client) !== -1) {
        const dueUs = this.#deadlineUs[client & rowMask]
        if (dueUs > engine.nowUs) {
          queue.armed = true
          engine.post(dueUs, Kind.patience, index, 0)
          return
        }
        this.#leave(client)
        this.#lists.gaveUp(client)
        this.#end(client, engine.nowUs, -1, 0, 0, codeOf('timeout'), 0, 0)
      }
      queue.head++
    }
  }

  #end(client: number, endUs: number, gateway: number, region: number, status: number, outcome: number, attempts: number, bytes: number): void {
    const { cells } = this.table
    const at = this.table.at(client)
    const row = cells[at + Client.row]
    const stream = cells[at + Client.stream]
    this.table.close(client)
    const facts = this.#parts.streams.facts[stream]
    if (facts.kind === 'list' && this.#lists.wasCopy(client)) return
    this.ended++
    this.#out[facts.load]--
    this.#parts.recorder.closeRequest(row, endUs, gateway + 1, region, status, outcome, attempts, bytes)
  }

  /** A copy of a request beside it, to test an address of a list; its outcome is no row. */
  #copy(client: number): number {
    const copy = this.table.open()
    const { cells, width } = this.table
    const [from, to] = [this.table.at(client), this.table.at(copy)]
    for (let at = 1; at < width; at++) cells[to + at] = cells[from + at]
    cells[to + Client.exchange] = -1
    this.#await(copy, this.#parts.streams.facts[cells[from + Client.stream]], this.#parts.engine.nowUs)
    return copy
  }
}

/** A refusal or a break is known to the near side's kernel at once. */
const localUs = 100
const failedCodes = new Map<number, number>()

function outcomeOfAnswer(status: number, reason: number): number {
  if (status === 200 && reason === 0) return 0
  const key = status * 16 + reason
  let code = failedCodes.get(key)
  if (code === undefined) failedCodes.set(key, code = codeOf(outcomeOfResponse(status, answerReasons[reason])))
  return code
}

function enlarge(queue: Patience): void {
  const larger = new Int32Array(queue.items.length * 2)
  const mask = queue.items.length - 1
  const count = queue.tail - queue.head
  for (let at = 0; at < count; at++) larger[at] = queue.items[(queue.head + at) & mask]
  queue.items = larger
  queue.head = 0
  queue.tail = count
}
