// One gateway of the simulated world: the real routing core over the real snapshot, and around it what a data plane
// keeps (who waits for which ticket, which connections lie idle), as tables of numbers.

import { narrow } from '../../../gateway/dataplane/state.ts'
import { seededRandom } from '../../../gateway/runtime.ts'
import type { HealthState, Random } from '../../../gateway/ports.ts'
import { createRoutingCore, layOut } from '../../../gateway/routing/index.ts'
import type { CoreTopology, RoutingCore } from '../../../gateway/routing/core.ts'
import type { Layout } from '../../../gateway/routing/plan.ts'
import type { TelemetryReport } from '../../../gateway/telemetry/red/report.ts'
import { defaultHealth, type HealthSettings, type Snapshot, type SnapshotRoute } from '../../../gateway/snapshot/snapshot.ts'
import { deriveSeed } from '../../arrivals.ts'
import type { PlantedDefect, RequestTemplate } from '../../substrate.ts'
import { BudgetWatch } from './invariants.ts'
import type { GatewayPlace, WorldLayout } from './layout.ts'
import type { Pools } from './pools.ts'
import { GatewayTelemetry, type TelemetryOptions } from './telemetry.ts'
import { plantHealth, plantLayout } from './planted.ts'
import { chooseRoute, isDenied, routeIndexOf, shareRouting, type Choice, type RoutingView, type SharedRouting } from './routes.ts'

export const ProcessState = { running: 0, paused: 1, stopped: 2 } as const

/** Low bits of the core's numbers: a row. */
export const coreRowMask = (1 << 17) - 1

/** Until the first snapshot. */
const noTopology: CoreTopology = { ownRegion: -1, regions: [], targets: [], services: [] }

/** Where the targets of the core lie in the world: a row a target, because every attempt looks at all of it. */
export const To = {
  /** Index among the world's targets. */
  target: 0,
  /** Gateway at the far end of a link, -1 for endpoints; and the other way round. */
  peer: 1, endpoint: 2,
  region: 3,
  /** Connections to it, among all of the world. */
  pool: 4,
  width: 8,
} as const

export class SimulatedGateway {
  readonly index: number
  readonly place: GatewayPlace
  readonly random: Random
  readonly budget = new BudgetWatch()
  core: RoutingCore
  state: number = ProcessState.running
  snapshot: Snapshot | null = null
  view: RoutingView | null = null
  /** What the policy says; the core may have been planted with something else. */
  policy: HealthSettings = defaultHealth
  to = new Int32Array(0)
  /** Exchange by row of its ticket, attempt by row of the core's number. */
  exchangeOf = new Int32Array(1024).fill(-1)
  attemptOf = new Int32Array(1024).fill(-1)
  /** Requests that the core holds. */
  inFlight = 0
  /** Targets that were ejected, by key: when last, and how often. */
  readonly ejected = new Map<string, { atUs: number; times: number }>()
  /** Of its clock: only the newest turn counts. */
  turn = 0
  dueUs = 0
  /** What came while it was paused, in order: timers, and the rest. */
  readonly heldTimers: number[] = []
  readonly held: number[] = []
  /** null: nothing of it is traced. */
  telemetry: GatewayTelemetry | null = null
  /** As its core told of them last. */
  readonly regionStates = new Map<string, 'serving' | 'draining' | 'recovering'>()
  /** By template; shared with the gateways that see the same routes. */
  choices: (Choice | undefined)[] = []
  /** By service of the world: plan for requests that a peer has decided, for one route. */
  readonly #peerPlans: ({ route: string; plan: Layout['plans'][number] | null } | undefined)[] = []
  #guards = false
  readonly #templates: readonly RequestTemplate[]
  readonly #defects: readonly PlantedDefect[]

  readonly #shared: Map<readonly SnapshotRoute[], SharedRouting[]>

  /** `shared`: one for all gateways of a world. */
  constructor(
    index: number, place: GatewayPlace, seed: number, templates: readonly RequestTemplate[], defects: readonly PlantedDefect[],
    shared: Map<readonly SnapshotRoute[], SharedRouting[]>,
  ) {
    this.#shared = shared
    this.index = index
    this.place = place
    this.random = seededRandom(deriveSeed(seed, `gateway/${place.source}`))
    this.#templates = templates
    this.#defects = defects
    this.core = createRoutingCore(noTopology, defaultHealth, 0)
  }

  /** A new process: knows nothing, holds nothing. */
  reborn(nowUs: number): void {
    this.core = createRoutingCore(noTopology, defaultHealth, nowUs)
    this.snapshot = this.view = null
    this.exchangeOf.fill(-1)
    this.attemptOf.fill(-1)
    this.inFlight = 0
    this.ejected.clear()
    this.telemetry = null
    this.regionStates.clear()
    this.held.length = this.heldTimers.length = 0
  }

  /** Serves a snapshot from now on; the caller applies the core's effects. `nameTarget` gives a target its number in the world. */
  serve(snapshot: Snapshot, world: WorldLayout, nameTarget: (key: string) => number, pools: Pools, nowUs: number): void {
    const own = plantLayout(layOut(snapshot), snapshot, this.#defects)
    const shared = shareRouting(this.#shared, snapshot, own, this.#templates.length)
    const layout = { ...own, plans: shared.plans }
    const worldRegion = (name: string): number => world.regions.indexOf(name)
    const services = new Map(world.services.map(({ name }, at) => [name, at]))
    this.view = { snapshot, layout, worldRegion, worldService: Int32Array.from(snapshot.services, ({ name }) => services.get(name) ?? -1) }
    this.snapshot = snapshot
    this.policy = snapshot.health
    this.#guards = snapshot.services.some(({ access }) => access !== undefined)
    this.choices = shared.choices
    this.#peerPlans.length = 0
    const { targets, regions } = layout.topology
    const addresses = layout.addresses.map(({ host, port }) => `${host}:${port}`)
    this.to = new Int32Array(targets.length * To.width)
    targets.forEach(({ key, kind, region }, at) => {
      const row = at * To.width
      this.to[row + To.target] = nameTarget(key)
      this.to[row + To.peer] = kind === 'link' ? world.gatewayAt.get(addresses[at]) ?? -1 : -1
      this.to[row + To.endpoint] = kind === 'endpoint' ? world.endpointAt.get(addresses[at]) ?? -1 : -1
      this.to[row + To.region] = worldRegion(regions[region].name)
      this.to[row + To.pool] = pools.of(this.index, key)
    })
    this.core.swap(layout.topology, plantHealth(snapshot.health, this.#defects), nowUs)
  }

  /** Telemetry begins with the first route that has a sampling policy, or at once where the run traces. */
  watch(snapshot: Snapshot, options: TelemetryOptions, traces: boolean, nowUs: number): void {
    if (this.telemetry === null && !traces && snapshot.routes.every(({ sampling }) => sampling === undefined)) return
    this.telemetry ??= new GatewayTelemetry(this.place, options, () => this.#unusualRegions(), nowUs)
    this.telemetry.serve(snapshot)
  }

  #unusualRegions(): TelemetryReport['regions'] {
    return [...this.regionStates].flatMap(([region, state]) => (state === 'serving' ? [] : [{ region, state }]))
  }

  /** Remembers what was ejected, for what must hold at the end. */
  noteState(target: number, state: HealthState, atUs: number): void {
    const { key } = this.view!.layout.topology.targets[target]
    if (state === 'ejected') this.ejected.set(key, { atUs, times: (this.ejected.get(key)?.times ?? 0) + 1 })
  }

  choice(template: number): Choice {
    return (this.choices[template] ??= chooseRoute(this.view!, this.#templates[template]))
  }

  /** Plan of a request that came over a link, whose gateway named route and service; null = not known here. */
  peerPlan(route: string, service: number): Layout['plans'][number] | null {
    const known = this.#peerPlans[service]
    if (known?.route === route) return known.plan
    const { snapshot, layout, worldService } = this.view!
    const at = routeIndexOf(snapshot, route)
    const index = worldService.indexOf(service)
    const plan = at === -1 || index === -1 ? null : narrow(layout.plans[at], index)
    this.#peerPlans[service] = { route, plan }
    return plan
  }

  /** What a peer has decided is held to this gateway's own policies, which may be newer ones. */
  denies({ backends }: Choice, template: number, service: number): boolean {
    if (!this.#guards) return false
    const { snapshot, worldService } = this.view!
    const path = backends.find((backend) => backend.service === service)?.path
    const index = worldService.indexOf(service)
    return path !== undefined && index !== -1 && isDenied(snapshot.services[index], this.#templates[template].method, path)
  }

  putExchange(ticket: number, exchange: number): void {
    const row = ticket & coreRowMask
    if (row >= this.exchangeOf.length) this.exchangeOf = grown(this.exchangeOf, row)
    this.exchangeOf[row] = exchange
  }

  putAttempt(core: number, attempt: number): void {
    const row = core & coreRowMask
    if (row >= this.attemptOf.length) this.attemptOf = grown(this.attemptOf, row)
    this.attemptOf[row] = attempt
  }
}

function grown(table: Int32Array<ArrayBuffer>, row: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(row + 1, table.length * 2)).fill(-1)
  larger.set(table)
  return larger
}
