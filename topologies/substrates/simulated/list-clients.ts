// Clients that enter by a list, as the generator on sockets has them: the next address when one is silent or broken;
// what failed is passed over for a while and then tested with a copy beside a real request.

import type { RequestOutcome } from '../../history.ts'
import { leastTryUs, passOverUs } from '../../list-entry.ts'
import type { Engine } from './engine/engine.ts'
import { Client, type Table } from './flights.ts'
import type { StreamFacts } from './streams.ts'

interface Trying { order: number[]; at: number; limitUs: number; cancel: () => void; copyOf: number | null }

export interface ListClientsParts {
  engine: Engine
  table: Table
  facts: readonly StreamFacts[]
  send(client: number): void
  end(client: number, outcome: RequestOutcome): void
  /** Lets go of the gateway that is being asked. */
  giveUp(client: number): void
  copy(client: number): number
  deadlineUs(client: number): number
}

export class ListClients {
  readonly #parts: ListClientsParts
  readonly #trying = new Map<number, Trying>()
  readonly #ended = new Set<number>()
  /** When an address is tested again, by generator, client group and gateway; absent = it is up. */
  readonly #downUntilUs = new Map<string, number>()

  constructor(parts: ListClientsParts) {
    this.#parts = parts
  }

  begin(client: number, atUs: number): void {
    const { table, facts, engine } = this.#parts
    const stream = facts[table.cells[table.at(client) + Client.stream]]
    const repeatable = stream.repeatable[table.cells[table.at(client) + Client.template]] === 1
    const due = stream.gateways.find((gateway) => (this.#down(stream, gateway) ?? Infinity) <= atUs)
    if (due !== undefined && repeatable) this.#test(client, stream, due)
    else if (due !== undefined) this.#downUntilUs.delete(keyOf(stream, due))
    const isUp = (gateway: number): boolean => this.#down(stream, gateway) === undefined
    const order = [...stream.gateways.filter(isUp), ...stream.gateways.filter((gateway) => !isUp(gateway))]
    this.#trying.set(client, { order, at: 0, limitUs: Infinity, cancel: () => {}, copyOf: null })
    // Arrivals are taken a little ahead; the first try begins when it is due.
    if (atUs > engine.nowUs) engine.scheduler.after((atUs - engine.nowUs) / 1000, () => { if (this.#trying.has(client)) this.#try(client) })
    else this.#try(client)
  }

  limitUs(client: number): number {
    return this.#trying.get(client)?.limitUs ?? Infinity
  }

  answered(client: number, status: number): void {
    this.#noteTest(client, status)
    this.forget(client)
  }

  /** True when the next address is tried instead. */
  failed(client: number, outcome: RequestOutcome): boolean {
    const { table, facts, engine, deadlineUs } = this.#parts
    const trying = this.#trying.get(client)
    if (trying === undefined) return false
    trying.cancel()
    const { cells } = table
    const at = table.at(client)
    const stream = facts[cells[at + Client.stream]]
    if (trying.copyOf !== null) {
      this.#noteTest(client, 0)
      this.forget(client)
      return false
    }
    this.#downUntilUs.set(keyOf(stream, cells[at + Client.gateway]), engine.nowUs + passOverUs)
    const repeatable = stream.repeatable[cells[at + Client.template]] === 1
    const mayGoOn = (repeatable || outcome === 'refused') && deadlineUs(client) - engine.nowUs >= leastTryUs
    if (trying.at === trying.order.length - 1 || !mayGoOn) {
      this.forget(client)
      return false
    }
    trying.at++
    this.#try(client)
    return true
  }

  /** The client's patience with the whole request is over: the address that is being asked has not answered either. */
  gaveUp(client: number): void {
    const { table, facts, engine } = this.#parts
    if (!this.#trying.has(client)) return
    const at = table.at(client)
    this.#downUntilUs.set(keyOf(facts[table.cells[at + Client.stream]], table.cells[at + Client.gateway]), engine.nowUs + passOverUs)
    this.forget(client)
  }

  forget(client: number): void {
    const trying = this.#trying.get(client)
    trying?.cancel()
    if (trying !== undefined && trying.copyOf !== null) this.#ended.add(client)
    this.#trying.delete(client)
  }

  /** A copy that just ended leaves no row. */
  wasCopy(client: number): boolean {
    return this.#ended.delete(client)
  }

  #try(client: number): void {
    const { table, facts, engine, send, giveUp } = this.#parts
    const trying = this.#trying.get(client)!
    const { cells } = table
    const at = table.at(client)
    const stream = facts[cells[at + Client.stream]]
    cells[at + Client.gateway] = trying.order[trying.at]
    const isLast = trying.at === trying.order.length - 1 && trying.copyOf === null
    trying.limitUs = isLast ? Infinity : engine.nowUs + stream.tryUs
    if (!isLast) {
      trying.cancel = engine.scheduler.after(stream.tryUs / 1000, () => {
        if (table.at(client) === -1) return
        giveUp(client)
        if (!this.failed(client, 'timeout')) this.#parts.end(client, 'timeout')
      })
    }
    send(client)
  }

  /** A copy of the request; an answer that is not 5xx brings the address back. */
  #test(client: number, stream: StreamFacts, gateway: number): void {
    this.#downUntilUs.set(keyOf(stream, gateway), this.#parts.engine.nowUs + passOverUs + stream.tryUs)
    const copy = this.#parts.copy(client)
    this.#trying.set(copy, { order: [gateway], at: 0, limitUs: Infinity, cancel: () => {}, copyOf: client })
    this.#try(copy)
  }

  #noteTest(client: number, status: number): void {
    const { table, facts, engine } = this.#parts
    const trying = this.#trying.get(client)
    if (trying === undefined || trying.copyOf === null) return
    const stream = facts[table.cells[table.at(client) + Client.stream]]
    const key = keyOf(stream, trying.order[0])
    if (status > 0 && status < 500) this.#downUntilUs.delete(key)
    else this.#downUntilUs.set(key, engine.nowUs + passOverUs)
  }

  #down(stream: StreamFacts, gateway: number): number | undefined {
    return this.#downUntilUs.get(keyOf(stream, gateway))
  }
}

function keyOf({ generator, place }: StreamFacts, gateway: number): string {
  return `${generator}/${place}/${gateway}`
}
