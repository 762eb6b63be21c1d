// The simulated world, put together: one engine, and around it what talks through it. Nothing here decides anything;
// each part says what it is.
//
//   clients ─► network ─► gateway (real core) ─► network ─► gateway ─► services
//                 ▲            ▲                                 control planes (real cores)
//               faults      clocks, probes

import type { GatewayEvent } from '../../../gateway/ports.ts'
import { seededRandom } from '../../../gateway/runtime.ts'
import type { Snapshot } from '../../../gateway/snapshot/snapshot.ts'
import { deriveSeed } from '../../arrivals.ts'
import type { HistoryEvent, HistorySink } from '../../history.ts'
import type { LoadSpec, SimulationOptions, TracingOptions } from '../../substrate.ts'
import type { Topology } from '../../topology.ts'
import { Clients } from './clients.ts'
import { openClocks } from './clocks.ts'
import type { Control, Passage } from './control.ts'
import { openControl } from './control-planes.ts'
import { DataPlane } from './dataplane.ts'
import { createEngine } from './engine/index.ts'
import type { Engine } from './engine/engine.ts'
import { openFaultDesk, type FaultDesk } from './faults.ts'
import { SimulatedGateway } from './gateway.ts'
import { openWatch, type Watch } from './invariants.ts'
import { layOutWorld, type WorldLayout } from './layout.ts'
import { defaultModel } from './model.ts'
import { Lost, Network } from './network.ts'
import { Pools } from './pools.ts'
import { Outages } from './outages.ts'
import { openProcesses } from './processes.ts'
import { Probes } from './probes.ts'
import { countingRecorder, createRecorder } from './recording.ts'
import { openServiceSpans } from './service-spans.ts'
import { Services } from './services.ts'
import { layOutStreams, type Streams } from './streams.ts'
import type { Recorder } from './recorder.ts'
import { TraceNotices } from './notices.ts'
import type { TelemetryOptions } from './telemetry.ts'
import { Watches } from './watches.ts'

export interface World {
  readonly engine: Engine
  readonly layout: WorldLayout
  readonly gateways: readonly SimulatedGateway[]
  readonly control: Control
  readonly faults: FaultDesk
  readonly watch: Watch
  readonly recorder: Recorder
  readonly clients: Clients
  note(event: HistoryEvent): void
}

export interface WorldParts {
  topology: Topology
  loads: readonly LoadSpec[]
  seed: number
  history: HistorySink
  simulation: SimulationOptions
  /** Virtual time before the run's zero in which everything starts, microseconds. */
  leadUs: number
  /** Absent = no spans are written, and telemetry is on only where a route has a sampling policy. */
  tracing?: TracingOptions
  nextStepUs(): number
}

const controlBytes = 300
/** Between a region's gateway and its own control plane, microseconds. */
const sameRegionUs = 150

const dropping = ({ services }: Topology): Set<string> => new Set(services.filter(({ response }) => response.trace === 'drop').map(({ name }) => name))

export function createWorld({ topology, loads, seed, history, simulation, leadUs, tracing, nextStepUs }: WorldParts): World {
  const engine = createEngine(-leadUs)
  const layout = layOutWorld(topology)
  const model = simulation.model ?? defaultModel
  const random = (name: string) => seededRandom(deriveSeed(seed, name))
  const network = new Network(layout, topology, model, random('network'))
  const services = new Services(layout, model, random('services'))
  const streams = layOutStreams(loads, topology, layout)
  const note = (event: HistoryEvent): void => history.event(event)
  const tell = (source: string, event: GatewayEvent): void => note({ source, ...event } as HistoryEvent)
  const watch = openWatch(note)
  const targets: string[] = []
  const recorder = openRecorder(layout, streams, targets, simulation, history)
  const nameTarget = namer(targets)
  const pools = new Pools()
  const shared = new Map()
  const gateways = layout.gateways.map((place, index) => new SimulatedGateway(index, place, seed, streams.templates, simulation.plant ?? [], shared))
  const probeRandom = random('probes')

  const span = tracing === undefined || history.span === undefined ? null : history.span.bind(history)
  const watches = new Watches({
    now: () => engine.nowUs, templates: streams.templates, notices: new TraceNotices(engine, network),
    services: span === null || tracing?.services !== true ? null : openServiceSpans(random('service-spans'), span, dropping(topology)),
  })
  const telemetry: TelemetryOptions = { seed, everyUs: toldEveryUs(loads), tell, span }

  const apply = (gateway: SimulatedGateway): void => dataplane.apply(gateway)
  const clocks = openClocks(engine, gateways, apply, tell)
  const probes = new Probes({ engine, layout, network, services, model, gateways, random: () => probeRandom.next(), apply })
  const dataplane: DataPlane = new DataPlane({
    engine, layout, network, services, model, gateways, recorder, watch, tell, watches, templateBytes: Int32Array.from(streams.templates, ({ bodyBytes }) => bodyBytes), pools,
    hasten: clocks.hasten, probe: (gateway, target, timeoutMs) => probes.ask(gateway, target, timeoutMs),
    clients: { answered: (...answer) => clients.answered(...answer), serving: (client, exchange) => clients.serving(client, exchange), requestId: (client) => clients.requestId(client), isTraced: (client) => clients.isTraced(client) },
  })
  const outages = new Outages({ engine, layout, gateways, recorder, services }, dataplane)
  const clients: Clients = new Clients({ engine, network, layout, gateways, recorder, streams, loads, dataplane, nextStepUs })

  const serve = (gateway: SimulatedGateway, snapshot: Snapshot): void => {
    const first = gateway.snapshot === null
    gateway.watch(snapshot, telemetry, tracing !== undefined, engine.nowUs)
    gateway.serve(snapshot, layout, nameTarget, pools, engine.nowUs)
    apply(gateway)
    const { source } = gateway.place
    // Built in no time: what it costs a processor is no part of virtual time.
    tell(source, { atUs: engine.nowUs, kind: 'snapshot-applied', revision: snapshot.revision, version: snapshot.version, routes: snapshot.routes.length, buildUs: 0 })
    if (!first) return
    tell(source, { atUs: engine.nowUs, kind: 'ready' })
    processes.gatewayReady(gateway)
  }

  const passage = (from: number, to: number): Passage => {
    if (from === to) return { kind: 'passes', afterUs: sameRegionUs }
    const takenUs = network.transit(from, to, controlBytes, engine.nowUs)
    return takenUs === Lost.swallowed ? { kind: 'swallowed' } : takenUs === Lost.broken ? { kind: 'broken' } : { kind: 'passes', afterUs: takenUs }
  }
  const placeOf = (region: string): number => layout.regions.indexOf(region)
  const control = openControl({
    engine, seed, discovery: layout.discovery, regions: layout.regions,
    gateways: gateways.map((gateway) => {
      const { name, role, region, source, planes } = gateway.place
      return {
        identity: { name, role, region: region === -1 ? null : layout.regions[region] }, source, planes,
        held: () => gateway.snapshot, apply: (snapshot) => serve(gateway, snapshot),
      }
    }),
    there: (gateway, region) => passage(layout.gateways[gateway].place, placeOf(region)),
    back: (gateway, region) => passage(placeOf(region), layout.gateways[gateway].place),
    tell, note,
  })
  const processes = openProcesses({
    engine, model, regions: layout.regions, gateways, services, outages, probes, clocks, control, pools, tell, note, serve, watches, clients: () => clients,
  })
  const faults = openFaultDesk({
    topology, network, processes, regionOf: (name) => layout.regions.indexOf(name),
    degrade: (region, laid) => services.degrade(region, laid),
    breakBetween(from, to, ending) {
      outages.breakBetween(from, to, ending)
      for (const gateway of gateways) {
        if (gateway.place.place !== to && gateway.place.place !== from) continue
        const other = gateway.place.place === to ? from : to
        clients.breakBetween(other, gateway.index, ending)
        if (other < layout.regions.length && other !== gateway.place.place) control.breakConnections(gateway.index, layout.regions[other])
      }
    },
    closeSwallowed(from, to) {
      outages.closeSwallowed(from, to)
      probes.closeSwallowed(from, to)
    },
  })
  for (const gateway of gateways) clocks.start(gateway)
  return { engine, layout, gateways, control, faults, watch, recorder, clients, note }
}

function openRecorder(layout: WorldLayout, streams: Streams, targets: string[], { record }: SimulationOptions, history: HistorySink): Recorder {
  const names = {
    streams: streams.recorded, gateways: layout.gateways.map(({ name }) => name), regions: layout.regions,
    services: layout.services.map(({ name }) => name), targets,
  }
  return record === false ? countingRecorder(names) : createRecorder(names, history)
}

/** Telemetry is told every second, as on sockets; in runs longer than this six times a minute, or it would be most of the record. */
const longUs = 600_000_000

function toldEveryUs(loads: readonly LoadSpec[]): number {
  return Math.max(0, ...loads.map(({ toUs }) => toUs)) > longUs ? 10_000_000 : 1_000_000
}

/** Gives each key of a target its number among the world's. */
function namer(targets: string[]): (key: string) => number {
  const numbers = new Map<string, number>()
  return (key) => {
    const known = numbers.get(key)
    if (known !== undefined) return known
    numbers.set(key, targets.length)
    return targets.push(key) - 1
  }
}
