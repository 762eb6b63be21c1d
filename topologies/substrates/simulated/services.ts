// The services of the simulated world: how long each endpoint takes and whether it fails, by the same arithmetic as
// the echo services on sockets, and a queue in order of arrival where an endpoint works on a limited number at once.

import type { Random } from '../../../gateway/ports.ts'
import { echoDelayMs, echoFails, type Degradation, type EchoBehaviour } from '../../service-behaviour.ts'
import type { WorldLayout } from './layout.ts'
import type { SimulationModel } from './model.ts'
import { sampler, type Sampler } from './quantiles.ts'

export const ServicesState = { running: 0, paused: 1, stopped: 2 } as const

interface Queue { limit: number; busy: number; waiting: number[] }

export class Services {
  /** By region: what its services process is doing. */
  readonly state: Uint8Array
  readonly #layout: WorldLayout
  readonly #random: Random
  readonly #behaviour: EchoBehaviour[]
  readonly #own: Sampler
  readonly #hop: Sampler
  readonly #probe: Sampler
  /** By region, then service; null = none in the whole region. */
  readonly #degraded: (Map<number, Degradation> | null)[]
  /** By endpoint; undefined = works on all at once. */
  readonly #queues: (Queue | undefined)[]

  constructor(layout: WorldLayout, model: SimulationModel, random: Random) {
    this.#layout = layout
    this.#random = random
    // Services that behave alike share one behaviour: what is touched for each request stays few.
    const alike = new Map<string, EchoBehaviour>()
    this.#behaviour = layout.services.map(({ response }) => {
      const key = JSON.stringify(response)
      const behaviour = alike.get(key) ?? response
      alike.set(key, behaviour)
      return behaviour
    })
    this.#own = sampler(model.serviceUs)
    this.#hop = sampler(model.hopUs.endpoint)
    this.#probe = sampler(model.probeUs)
    this.state = new Uint8Array(layout.regions.length)
    this.#degraded = layout.regions.map(() => null)
    this.#queues = layout.endpoints.map(({ service }) => {
      const { concurrency } = layout.services[service].response
      return concurrency === null ? undefined : { limit: concurrency, busy: 0, waiting: [] }
    })
  }

  /** One way between a gateway and an endpoint of its region, microseconds. */
  hopUs(): number {
    return this.#hop(this.#random.next())
  }

  /** What a probe takes, both ways. */
  probeUs(): number {
    return this.hopUs() + this.hopUs() + this.#probe(this.#random.next())
  }

  isLimited(endpoint: number): boolean {
    return this.#queues[endpoint] !== undefined
  }

  /** How long an endpoint works on a request, microseconds. */
  workUs(endpoint: number): number {
    const service = this.#layout.endpointService[endpoint]
    const degraded = this.#degraded[this.#layout.endpointRegion[endpoint]]
    const ownUs = echoDelayMs(this.#behaviour[service], degraded === null ? null : degraded.get(service) ?? null, this.#random.next()) * 1000
    return ownUs + this.#own(this.#random.next())
  }

  /** Status of the next answer of an endpoint. */
  status(endpoint: number): number {
    const service = this.#layout.endpointService[endpoint]
    const degraded = this.#degraded[this.#layout.endpointRegion[endpoint]]
    const behaviour = this.#behaviour[service]
    if (degraded === null && behaviour.errorRate === 0) return 200
    return echoFails(behaviour, degraded?.get(service) ?? null, this.#random.next()) ? 500 : 200
  }

  /** An attempt arrives at a limited endpoint: true when it is worked on at once, otherwise it waits. */
  begin(endpoint: number, attempt: number): boolean {
    const queue = this.#queues[endpoint]!
    if (queue.busy < queue.limit) {
      queue.busy++
      return true
    }
    queue.waiting.push(attempt)
    return false
  }

  /** One is done: the attempt that is next, or -1. `isLive` tells those that were given up while they waited. */
  end(endpoint: number, isLive: (attempt: number) => boolean): number {
    const queue = this.#queues[endpoint]!
    while (queue.waiting.length > 0) {
      const next = queue.waiting.shift()!
      if (isLive(next)) return next
    }
    queue.busy--
    return -1
  }

  /** A killed process forgets what it was working on. */
  forget(region: number): void {
    this.#layout.endpoints.forEach((endpoint, index) => {
      const queue = this.#queues[index]
      if (endpoint.region !== region || queue === undefined) return
      queue.busy = 0
      queue.waiting.length = 0
    })
  }

  /** Replaces what degrades a region's services; `services` null = all of them. */
  degrade(region: number, laid: readonly { services: readonly string[] | null; degradation: Degradation }[]): void {
    if (laid.length === 0) {
      this.#degraded[region] = null
      return
    }
    const byService = new Map<number, Degradation>()
    for (const { services, degradation } of laid) {
      this.#layout.services.forEach(({ name }, index) => {
        if (services === null || services.includes(name)) byService.set(index, degradation)
      })
    }
    this.#degraded[region] = byService
  }
}
