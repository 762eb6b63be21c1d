// What breaks while it is under way: links that are cut or reset, black holes that are gone, processes that die or wake.
// Rare, so it looks through all that is out.

import { attemptEndings, type AttemptEnding } from '../../../gateway/routing/core.ts'
import { cancelledOutcome, localUs, type DataPlane, type DataPlaneParts } from './dataplane.ts'
import { Attempt, Exchange, ExchangeFlag } from './flights.ts'
import type { SimulatedGateway } from './gateway.ts'
import { Kind } from './kinds.ts'

export class Outages {
  readonly #parts: Pick<DataPlaneParts, 'gateways' | 'engine' | 'recorder' | 'layout' | 'services'>
  readonly #dataplane: DataPlane

  constructor(parts: Pick<DataPlaneParts, 'gateways' | 'engine' | 'recorder' | 'layout' | 'services'>, dataplane: DataPlane) {
    this.#parts = parts
    this.#dataplane = dataplane
  }

  /** Connections between two places end: their attempts with `ending`. */
  breakBetween(from: number, to: number, ending: AttemptEnding): void {
    const { gateways, engine } = this.#parts
    for (const attempt of this.#dataplane.attempts.live()) {
      const { cells } = this.#dataplane.attempts
      const at = this.#dataplane.attempts.at(attempt)
      const asking = gateways[cells[at + Attempt.gateway]].place.place
      const peer = cells[at + Attempt.peer]
      if (peer === -1 || !((asking === from && peer === to) || (asking === to && peer === from))) continue
      engine.post(engine.nowUs + localUs, Kind.broken, attempt, attemptEndings.indexOf(ending) + 16)
    }
  }

  /** What a black hole took is closed when it is healed. */
  closeSwallowed(from: number, to: number): void {
    const { engine } = this.#parts
    const list = this.#dataplane.swallowed.get(`${from}>${to}`)
    this.#dataplane.swallowed.delete(`${from}>${to}`)
    for (const attempt of list ?? []) engine.post(engine.nowUs + localUs, Kind.broken, attempt, attemptEndings.indexOf('closed') + 16)
  }

  /** A gateway's process is gone, and with it all that it held; who waited for it learns that the connection closed. */
  killGateway(gateway: SimulatedGateway, closeClient: (client: number) => void): void {
    const { recorder, engine } = this.#parts
    for (const attempt of this.#dataplane.attempts.live()) {
      const at = this.#dataplane.attempts.at(attempt)
      const { cells } = this.#dataplane.attempts
      if (cells[at + Attempt.gateway] === gateway.index) {
        recorder.closeAttempt(cells[at + Attempt.row], engine.nowUs, 0, cancelledOutcome)
        const serving = cells[at + Attempt.peerExchange]
        if (serving !== -1) engine.post(engine.nowUs + localUs, Kind.abandon, serving, cells[at + Attempt.peer])
        this.#dataplane.attempts.close(attempt)
      }
    }
    for (const exchange of this.#dataplane.exchanges.live()) {
      const at = this.#dataplane.exchanges.at(exchange)
      const { cells } = this.#dataplane.exchanges
      if (cells[at + Exchange.gateway] !== gateway.index) continue
      const origin = cells[at + Exchange.origin]
      const isPeer = (cells[at + Exchange.flags] & ExchangeFlag.fromPeer) !== 0
      this.#dataplane.exchanges.close(exchange)
      if (!isPeer) closeClient(origin)
      else if (this.#dataplane.attempts.at(origin) !== -1) {
        this.#dataplane.attempts.cells[this.#dataplane.attempts.at(origin) + Attempt.peerExchange] = -1
        this.#dataplane.breakBack(origin, gateway.place.place, 'closed')
      }
    }
  }

  /** A region's services are gone: what they worked on is closed. */
  killServices(region: number): void {
    const { engine, layout } = this.#parts
    this.#dataplane.asleep[region].length = 0
    for (const attempt of this.#dataplane.attempts.live()) {
      const endpoint = this.#dataplane.attempts.cells[this.#dataplane.attempts.at(attempt) + Attempt.endpoint]
      if (endpoint !== -1 && layout.endpointRegion[endpoint] === region) {
        engine.post(engine.nowUs + localUs, Kind.broken, attempt, attemptEndings.indexOf('closed') + 16)
      }
    }
  }

  /** A region's services go on: what was done or asked meanwhile is answered now. */
  wakeServices(region: number): void {
    const { engine, services } = this.#parts
    const asleep = this.#dataplane.asleep[region].splice(0)
    for (let at = 0; at < asleep.length; at += 2) engine.post(engine.nowUs + services.hopUs(), Kind.answer, asleep[at], asleep[at + 1])
  }
}
