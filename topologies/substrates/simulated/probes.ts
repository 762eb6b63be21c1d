// Probes of the simulated gateways, as `gateway/dataplane/prober.ts` sends them: over a connection of their own, asked
// a second time when the kept one turns out to be broken, and given up when their time is over.

import type { HealthCause } from '../../../gateway/ports.ts'
import type { Engine } from './engine/engine.ts'
import { rowMask, Table } from './flights.ts'
import { ProcessState, To, type SimulatedGateway } from './gateway.ts'
import { Kind } from './kinds.ts'
import type { WorldLayout } from './layout.ts'
import type { SimulationModel } from './model.ts'
import { Lost, type Network } from './network.ts'
import { sampler } from './quantiles.ts'
import { ServicesState, type Services } from './services.ts'

const Probe = { gateway: 1, target: 2, peer: 3, endpoint: 4, reused: 5, width: 8 } as const
const failures: readonly HealthCause[] = ['refused', 'closed', 'reset', 'probe-missed']
const probeBytes = 200
const localUs = 100

/** What is kept of a probe besides numbers. */
interface Asked { startUs: number; key: string; /** as of `view` */ index: number; view: SimulatedGateway['view']; unavailable: readonly string[] }

export interface ProbesParts {
  engine: Engine
  layout: WorldLayout
  network: Network
  services: Services
  model: SimulationModel
  gateways: readonly SimulatedGateway[]
  random: () => number
  apply(gateway: SimulatedGateway): void
}

export class Probes {
  readonly #parts: ProbesParts
  readonly #table = new Table(Probe.width, 1024)
  readonly #asked: Asked[] = []
  /** Probe connections that stand, by gateway and target of the world. */
  readonly #kept: Set<number>[]
  readonly #swallowed = new Map<string, number[]>()
  readonly #asleep: number[][]
  readonly #own

  constructor(parts: ProbesParts) {
    this.#parts = parts
    this.#own = sampler(parts.model.probeUs)
    this.#kept = parts.gateways.map(() => new Set())
    this.#asleep = parts.layout.regions.map(() => [])
    parts.engine.on(Kind.probeThere, (probe) => this.#there(probe))
    parts.engine.on(Kind.probeBack, (probe, failure) => this.#back(probe, failure))
    parts.engine.on(Kind.probeLate, (probe) => this.#late(probe))
  }

  ask(gateway: SimulatedGateway, target: number, timeoutMs: number): void {
    const { engine } = this.#parts
    const probe = this.#table.open()
    const { cells } = this.#table
    const at = this.#table.at(probe)
    cells[at + Probe.gateway] = gateway.index
    const { to } = gateway
    const there = target * To.width
    cells[at + Probe.target] = to[there + To.target]
    cells[at + Probe.peer] = to[there + To.peer]
    cells[at + Probe.endpoint] = to[there + To.endpoint]
    cells[at + Probe.reused] = this.#kept[gateway.index].delete(to[there + To.target]) ? 1 : 0
    this.#asked[probe & rowMask] = { startUs: engine.nowUs, key: gateway.view!.layout.topology.targets[target].key, index: target, view: gateway.view, unavailable: [] }
    engine.post(engine.nowUs + timeoutMs * 1000, Kind.probeLate, probe, 0)
    this.#send(probe)
  }

  #send(probe: number): void {
    const { engine, network, services, layout, gateways } = this.#parts
    const { cells } = this.#table
    const at = this.#table.at(probe)
    const endpoint = cells[at + Probe.endpoint]
    const peer = cells[at + Probe.peer]
    const { nowUs } = engine
    if (endpoint !== -1) {
      const stopped = services.state[layout.endpoints[endpoint].region] === ServicesState.stopped
      return engine.post(nowUs + (stopped ? localUs : services.probeUs()), Kind.probeBack, probe, stopped ? failed('refused') : 0)
    }
    const takenUs = peer === -1 ? Lost.broken : network.transit(gateways[cells[at + Probe.gateway]].place.place, peer, probeBytes, nowUs)
    if (takenUs === Lost.broken) engine.post(nowUs + localUs, Kind.probeBack, probe, failed('refused'))
    else if (takenUs === Lost.swallowed) this.#swallow(gateways[cells[at + Probe.gateway]].place.place, peer, probe)
    else engine.post(nowUs + takenUs, Kind.probeThere, probe, 0)
  }

  /** It reaches the far gateway, which says whether it serves and what it cannot serve at home. */
  #there(probe: number): void {
    const { engine, network, gateways, random } = this.#parts
    const at = this.#table.at(probe)
    if (at === -1) return
    const { cells } = this.#table
    const far = gateways[cells[at + Probe.peer]]
    if (far.state === ProcessState.paused) return void far.held.push(Kind.probeThere, probe, 0)
    let failure = 0
    if (far.state === ProcessState.stopped) failure = failed('closed')
    else if (far.snapshot === null) failure = failed('probe-missed')
    else this.#asked[probe & rowMask].unavailable = far.core.unavailableServices().map((index) => far.view!.layout.topology.services[index].name)
    const asking = gateways[cells[at + Probe.gateway]].place.place
    const takenUs = network.transit(far.place.place, asking, probeBytes, engine.nowUs)
    if (takenUs === Lost.swallowed) this.#swallow(far.place.place, asking, probe)
    else if (takenUs === Lost.broken) engine.post(engine.nowUs + localUs, Kind.probeBack, probe, failed('closed'))
    else engine.post(engine.nowUs + takenUs + this.#own(random()), Kind.probeBack, probe, failure)
  }

  #back(probe: number, failure: number): void {
    const { gateways, services, layout } = this.#parts
    const at = this.#table.at(probe)
    if (at === -1) return
    const { cells } = this.#table
    const endpoint = cells[at + Probe.endpoint]
    if (endpoint !== -1 && failure === 0 && services.state[layout.endpoints[endpoint].region] === ServicesState.paused) {
      return void this.#asleep[layout.endpoints[endpoint].region].push(probe)
    }
    const gateway = gateways[cells[at + Probe.gateway]]
    if (gateway.state === ProcessState.paused) return void gateway.held.push(Kind.probeBack, probe, failure)
    const broken = failure !== 0 && failures[failure - 1] !== 'probe-missed'
    if (broken && cells[at + Probe.reused] === 1) {
      // The connection had grown old, which says nothing of its target: a fresh one decides.
      cells[at + Probe.reused] = 0
      return this.#send(probe)
    }
    if (!broken) this.#kept[gateway.index].add(cells[at + Probe.target])
    this.#end(probe, failure === 0 ? 'probe-succeeded' : failures[failure - 1])
  }

  #late(probe: number): void {
    const at = this.#table.at(probe)
    if (at === -1) return
    const gateway = this.#parts.gateways[this.#table.cells[at + Probe.gateway]]
    if (gateway.state === ProcessState.paused) gateway.heldTimers.push(Kind.probeLate, probe, 0)
    else this.#end(probe, 'probe-missed')
  }

  #end(probe: number, cause: HealthCause): void {
    const { engine, gateways, apply } = this.#parts
    const gateway = gateways[this.#table.cells[this.#table.at(probe) + Probe.gateway]]
    const { startUs, key, index, view, unavailable } = this.#asked[probe & rowMask]
    const target = view === gateway.view ? index : gateway.view?.layout.topology.targets.findIndex((one) => one.key === key) ?? -1
    this.#table.close(probe)
    if (target === -1 || gateway.view === null) return
    const { serviceIndex } = gateway.view.layout
    const named = unavailable.map((name) => serviceIndex.get(name) ?? -1).filter((index) => index >= 0)
    gateway.core.probed(target, cause === 'probe-succeeded', cause, engine.nowUs - startUs, named, engine.nowUs)
    apply(gateway)
  }

  #swallow(from: number, to: number, probe: number): void {
    const key = `${from}>${to}`
    const list = this.#swallowed.get(key)
    if (list === undefined) this.#swallowed.set(key, [probe])
    else list.push(probe)
  }

  closeSwallowed(from: number, to: number): void {
    const { engine } = this.#parts
    const list = this.#swallowed.get(`${from}>${to}`)
    this.#swallowed.delete(`${from}>${to}`)
    for (const probe of list ?? []) engine.post(engine.nowUs + localUs, Kind.probeBack, probe, failed('closed'))
  }

  wakeServices(region: number): void {
    const { engine, services } = this.#parts
    for (const probe of this.#asleep[region].splice(0)) engine.post(engine.nowUs + services.hopUs(), Kind.probeBack, probe, 0)
  }

  killServices(region: number): void {
    const { engine } = this.#parts
    for (const probe of this.#asleep[region].splice(0)) engine.post(engine.nowUs + localUs, Kind.probeBack, probe, failed('closed'))
  }

  /** A gateway's process is gone. */
  killGateway(gateway: SimulatedGateway): void {
    for (const probe of this.#table.live()) {
      if (this.#table.cells[this.#table.at(probe) + Probe.gateway] === gateway.index) this.#table.close(probe)
    }
    this.#kept[gateway.index].clear()
  }
}

function failed(cause: HealthCause): number {
  return failures.indexOf(cause) + 1
}
