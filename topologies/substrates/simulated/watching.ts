// The invariants that show while a request travels: told with what broke them, from the configuration's own words.

import { attemptReasons } from '../../../gateway/routing/core.ts'
import type { Engine } from './engine/engine.ts'
import { Exchange, ExchangeFlag, type Table } from './flights.ts'
import { To, type SimulatedGateway } from './gateway.ts'
import type { Watch } from './invariants.ts'
import type { WorldLayout } from './layout.ts'

export interface WatchingParts { engine: Engine; watch: Watch; layout: WorldLayout; exchanges: Table }

export class Watching {
  readonly #parts: WatchingParts

  constructor(parts: WatchingParts) {
    this.#parts = parts
  }

  /** An attempt of the exchange in row `from` went where residency does not allow. */
  leaked(gateway: SimulatedGateway, from: number, region: number): void {
    const { layout, engine, watch, exchanges } = this.#parts
    const route = gateway.snapshot?.routes[exchanges.cells[from + Exchange.route]]
    watch.violated('residency', engine.nowUs,
      `${gateway.place.source} sent a request of route ${route?.id} to ${layout.regions[region]}; allowed: ${route?.residency.allowed?.join(', ')}`)
  }

  /** An attempt beyond the first was sent. */
  sentAgain(gateway: SimulatedGateway, from: number, reason: number): void {
    const { engine, watch, exchanges } = this.#parts
    const name = attemptReasons[reason]
    if (name !== 'retry' && name !== 'hedge') return
    if (name === 'retry' && exchanges.cells[from + Exchange.flags] & ExchangeFlag.free) return
    if (gateway.budget.paid(gateway.policy.retry, engine.nowUs)) return
    watch.violated('retry-budget', engine.nowUs, `${gateway.place.source} sent more retries and hedges than ${gateway.policy.retry.budgetShare * 100} % of its requests, floor and burst included`)
  }

  /** A request was refused because nothing is healthy: was there an allowed target that is known to be well? */
  refused(gateway: SimulatedGateway, exchange: number): void {
    const { engine, watch, layout, exchanges } = this.#parts
    const { cells } = exchanges
    const at = exchanges.at(exchange)
    if (cells[at + Exchange.flags] & (ExchangeFlag.pinned | ExchangeFlag.fromPeer)) return
    const { topology } = gateway.view!.layout
    const service = gateway.view!.worldService.indexOf(cells[at + Exchange.service])
    const route = gateway.snapshot!.routes[cells[at + Exchange.route]]
    if (service === -1 || !route.failover.enabled) return
    const well = topology.services[service].targets.find((target) =>
      (cells[at + Exchange.allowed] & (1 << gateway.to[target * To.width + To.region])) !== 0
      && gateway.core.targetState(target) === 'healthy' && gateway.core.cellState(service, target) === 'healthy')
    if (well === undefined) return
    watch.violated('refusal', engine.nowUs,
      `${gateway.place.source} refused a request of ${layout.services[cells[at + Exchange.service]].name} although ${topology.targets[well].key} is healthy`)
  }
}
