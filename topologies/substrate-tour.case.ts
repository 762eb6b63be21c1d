// One run that meets every primitive: three paths side by side, slot after slot, each watched by witness requests
// pinned to it, while ordinary requests enter by every way. What the suite asserts is read from its record. A slot in
// which nothing is supported is left out, and slow substrates stretch time.

import { countArrivals } from './arrivals.ts'
import type { HistoryEvent, HistorySink, RequestRow } from './history.ts'
import { whyUnsupported, type Capabilities, type Primitive, type Symptom } from './primitives.ts'
import type { ConfigDocument, Deployment, LoadSpec, RequestTemplate, StreamSpec } from './substrate.ts'
import type { ClusterPart, Entry, RegionPart } from './topology.ts'

export const seconds = 1_000_000

export interface Path { group: string; edge: string; region: string }

const west: Path = { group: 'europe', edge: 'frankfurt', region: 'eu-west' }
const east: Path = { group: 'america', edge: 'new-york', region: 'us-east' }
const south: Path = { group: 'asia', edge: 'mumbai', region: 'ap-south' }
export const paths = [west, east, south]

/** A primitive in force from `fromUs` to `toUs` on a path, and what its witness, or the history, must see. */
export interface Trial {
  name: string
  path: Path
  primitive: Primitive
  symptom: Symptom
  fromUs: number
  toUs: number
  /** The witness is well again before this. */
  againUs: number
}

export interface Tour {
  firstSlotUs: number
  trials: Trial[]
  /** While services answer late, requests are always under way on that path: these are what a reset breaks. */
  reset: { name: string; path: Path; primitive: Primitive; atUs: number; toUs: number }
  /** In force for longer than the silence after which what is lost is taken for lost; requests must not notice. */
  hidden: (Trial & { lost: HistoryEvent['kind']; found: HistoryEvent['kind']; teller: string })[]
  /** The third while one control plane is dead and another is silent: it is delivered when they are back. */
  publishedUs: { second: number; third: number }
  /** When the last slot is over. */
  recoveredUs: number
  tourUs: number
  offered: LoadSpec
  witnesses: LoadSpec
}

const there = ({ edge, region }: Path) => ({ from: `edge:${edge}`, to: `region:${region}` } as const)
const back = ({ edge, region }: Path) => ({ from: `region:${region}`, to: `edge:${edge}` } as const)
const both = (path: Path) => [there(path), back(path)]
const at = ({ region }: Path, ...parts: (RegionPart | ClusterPart)[]) => [{ region, parts }]

type Shown = [name: string, path: Path, primitive: Primitive, symptom: Symptom]
type Hidden = [name: string, path: Path, primitive: Primitive, lost: HistoryEvent['kind'], found: HistoryEvent['kind'], teller: RegionPart]
interface Slot { seconds: number; shown: Shown[]; hidden?: Hidden[] }

/** A region whose own services were lost is trusted again after some seconds of good probes only: such slots are longer. */
const slots: Slot[] = [
  { seconds: 4, shown: [
    ['delay', west, { kind: 'delay', on: both(west), delayMs: 120, jitterMs: 0 }, { expect: 'slower', byMs: 200 }],
    // About 1,300 bytes of response at 8,000 bytes/s take 160 ms.
    ['throttle', east, { kind: 'throttle', on: [back(east)], bytesPerSecond: 8000 }, { expect: 'slower', byMs: 60 }],
    ['cut: black hole both ways', south, { kind: 'cut', on: both(south), mode: 'black-hole' }, { expect: 'silent' }],
  ] },
  { seconds: 4, shown: [
    ['cut: black hole of requests', west, { kind: 'cut', on: [there(west)], mode: 'black-hole' }, { expect: 'silent' }],
    ['cut: black hole of responses', east, { kind: 'cut', on: [back(east)], mode: 'black-hole' }, { expect: 'silent' }],
    ['cut: refuse', south, { kind: 'cut', on: both(south), mode: 'refuse' }, { expect: 'broken' }],
  ] },
  { seconds: 4, shown: [
    ['pause of the gateway', west, { kind: 'pause', at: at(west, 'gateway') }, { expect: 'silent' }],
    ['stop of the gateway', east, { kind: 'stop', at: at(east, 'gateway') }, { expect: 'broken' }],
    ['degrade: slow services', south, { kind: 'degrade', at: [{ region: 'ap-south', services: null }], delayMs: 300, errorRate: 0 }, { expect: 'slower', byMs: 250 }],
  ] },
  { seconds: 7, shown: [
    ['pause of the services', west, { kind: 'pause', at: at(west, 'services') }, { expect: 'silent' }],
    ['stop of the services', east, { kind: 'stop', at: at(east, 'services') }, { expect: 'broken' }],
    ['degrade: failing services', south, { kind: 'degrade', at: [{ region: 'ap-south', services: ['shop/catalog:8080'] }], delayMs: 0, errorRate: 1 }, { expect: 'errors', share: 0.9 }],
  ] },
  { seconds: 4, shown: [
    ['pause of a whole region', south, { kind: 'pause', at: at(south, 'gateway', 'services', 'control-plane') }, { expect: 'silent' }],
  ], hidden: [
    ['stop of a control plane', west, { kind: 'stop', at: at(west, 'control-plane') }, 'control-plane-lost', 'control-plane-found', 'gateway'],
    ['pause of a control plane', east, { kind: 'pause', at: at(east, 'control-plane') }, 'control-plane-lost', 'control-plane-found', 'gateway'],
  ] },
  // Services that are lost again before they were trusted wholly need proof for twice as long.
  { seconds: 8, shown: [
    ['isolate', west, { kind: 'isolate', regions: ['eu-west'] }, { expect: 'silent' }],
    ['kill of the services', east, { kind: 'kill', at: at(east, 'services') }, { expect: 'restarted' }],
    ['evict of the gateway', south, { kind: 'evict', at: at(south, 'gateway') }, { expect: 'restarted' }],
  ] },
  { seconds: 7, shown: [
    ['unready of the services', west, { kind: 'unready', at: at(west, 'services') }, { expect: 'out-of-discovery' }],
    ['loss', south, { kind: 'loss', regions: ['ap-south'], share: 0.5 }, { expect: 'slower', byMs: 100, share: 0.3 }],
  ], hidden: [
    ['stop of an API server', east, { kind: 'stop', at: at(east, 'api-server') }, 'api-server-lost', 'api-server-found', 'control-plane'],
  ] },
]
const slotOfPlanes = 4

/** `slowness` stretches every length: how much longer things take here to break and to be well again than in processes of one machine. */
export function tourOf(capabilities: Capabilities, slowness = 1): Tour {
  const long = (length: number): number => length * slowness * seconds
  const can = (primitive: Primitive): boolean => whyUnsupported(capabilities, primitive) === null
  const firstSlotUs = long(2)
  let fromUs = firstSlotUs
  const timed = slots.map(({ seconds: length, shown, hidden = [] }) => {
    const one = { fromUs, againUs: fromUs + long(length), shown, hidden }
    if ([...shown, ...hidden].some(([, , primitive]) => can(primitive))) fromUs = one.againUs
    return one
  })
  const trials = timed.flatMap(({ fromUs, againUs, shown }) => shown.map(([name, path, primitive, symptom]): Trial =>
    ({ name, path, primitive, symptom, fromUs, toUs: fromUs + long(1.8), againUs })))
  const hidden = timed.flatMap(({ fromUs, againUs, hidden }) => hidden.map(([name, path, primitive, lost, found, teller]) => ({
    name, path, primitive, symptom: { expect: 'none' } as Symptom, fromUs, toUs: fromUs + long(3.6), againUs, lost, found, teller: `${teller}/${path.region}`,
  })))
  const slow = trials.find(({ name }) => name === 'degrade: slow services')!
  const tourUs = Math.max(fromUs + long(2), timed[slotOfPlanes].fromUs + long(8))
  return {
    firstSlotUs, trials, hidden, recoveredUs: fromUs, tourUs,
    reset: { name: 'reset', path: south, primitive: { kind: 'reset', on: both(south) }, atUs: slow.fromUs + long(0.8), toUs: slow.toUs },
    publishedUs: { second: long(0.8), third: timed[slotOfPlanes].fromUs + long(1.8) },
    offered: offeredUntil(tourUs - seconds), witnesses: witnessesUntil(tourUs - seconds),
  }
}

export const witnessTimeoutMs = 600

const catalog: RequestTemplate = { name: 'catalog', weight: 1, method: 'GET', host: 'shop.example.com', path: '/catalog/items', headers: {}, bodyBytes: 0 }

export function streamOf(group: string, changes: Partial<StreamSpec> = {}): StreamSpec {
  return {
    group, entry: null, ratePerSecond: 5, arrivals: 'poisson', seed: 7, phaseUs: 0, timeoutMs: 2000, templates: [catalog], pinned: null, ...changes,
  }
}

/** Each way in, with the group's own first. */
const ways: Entry[] = [
  { kind: 'edge', edge: 'frankfurt' }, { kind: 'direct', region: 'eu-west' }, { kind: 'list', regions: ['us-east', 'eu-west', 'ap-south'], timeoutMs: 500 },
]

export const offeredUntil = (toUs: number): LoadSpec => ({
  name: 'load', source: 'load', engine: 'open-loop', fromUs: 0, toUs,
  streams: ways.map((entry, index) => streamOf('europe', { entry: index === 0 ? null : entry, seed: index })),
})

const witnessesUntil = (toUs: number): LoadSpec => ({
  name: 'witness', source: 'witness', engine: 'open-loop', fromUs: 0, toUs,
  streams: paths.map(({ group, region }, index) =>
    streamOf(group, { pinned: region, arrivals: 'constant', ratePerSecond: 10, timeoutMs: witnessTimeoutMs, phaseUs: index * 30_000 })),
})

/** The same route with another patience: a change that every gateway must apply. */
export function changedRoute(config: readonly ConfigDocument[], requestTimeout: string): ConfigDocument {
  const route = structuredClone(config.find(({ kind, metadata }) => kind === 'HTTPRoute' && metadata.name === 'catalog'))
  if (route === undefined) throw new Error('the topology of this suite has a route called catalog')
  for (const rule of (route.spec as { rules: { timeouts?: unknown }[] }).rules) rule.timeouts = { request: requestTimeout }
  return route
}

/** Declares the tour; primitives that the deployment does not support are left out. */
export function declareTour(deployment: Deployment, tour: Tour, config: readonly ConfigDocument[]): void {
  const supported = (primitive: Primitive): boolean => whyUnsupported(deployment.capabilities, primitive) === null
  const { trials, hidden, reset, publishedUs } = tour
  deployment.drive(tour.offered)
  deployment.drive(tour.witnesses)
  deployment.at(0, { kind: 'mark', event: { kind: 'phase', phase: 'steady' } })
  deployment.at(publishedUs.second, { kind: 'publish', change: { revision: 2, put: [changedRoute(config, '2900ms')], remove: [] } })
  deployment.at(publishedUs.third, { kind: 'publish', change: { revision: 3, put: [changedRoute(config, '3s')], remove: [] } })
  // Declared last to first: the time decides, not the order of declaring.
  for (const { name, primitive, fromUs, toUs } of [...trials, ...hidden].reverse()) {
    if (!supported(primitive)) continue
    deployment.at(toUs, { kind: 'heal', fault: name, index: 0, primitive })
    deployment.at(fromUs, { kind: 'apply', fault: name, index: 0, primitive })
  }
  const slow = trials.find(({ primitive }) => primitive.kind === 'degrade')!
  if (supported(reset.primitive) && supported(slow.primitive)) {
    deployment.at(reset.atUs, { kind: 'apply', fault: reset.name, index: 0, primitive: reset.primitive })
    deployment.at(reset.toUs, { kind: 'heal', fault: reset.name, index: 0, primitive: reset.primitive })
  }
  deployment.at(tour.firstSlotUs, { kind: 'mark', event: { kind: 'phase', phase: 'fault' } })
  deployment.at(tour.recoveredUs, { kind: 'mark', event: { kind: 'phase', phase: 'recovered' } })
}

/** What a sink heard. Writers may reuse their rows, so each is copied. */
export class Recording implements HistorySink {
  readonly events: HistoryEvent[] = []
  readonly rows: RequestRow[] = []
  attempts = 0
  event(event: HistoryEvent): void { this.events.push(event) }
  request(row: RequestRow): void { this.rows.push({ ...row }) }
  attempt(): void { this.attempts++ }

  /** Witness rows of a path that were due in this span, in order. */
  witnessed({ group, region }: Path, fromUs: number, toUs: number): RequestRow[] {
    return this.rows
      .filter((row) => row.source === 'witness' && row.group === group && row.pinned === region && row.scheduledUs >= fromUs && row.scheduledUs < toUs)
      .sort((a, b) => a.scheduledUs - b.scheduledUs)
  }

  /** Whether a process ended in this span, and whether it was ready again in it. */
  restarted(process: string, fromUs: number, toUs: number): { ended: boolean; ready: boolean } {
    const within = this.events.filter(({ atUs }) => atUs >= fromUs && atUs <= toUs)
    const end = within.findIndex((event) => event.kind === 'process' && event.process === process && (event.state === 'killed' || event.state === 'exited'))
    const ready = within.findLastIndex((event) => event.kind === 'ready' ? event.source === process : event.kind === 'process' && event.process === process && event.state === 'ready')
    return { ended: end !== -1, ready: ready > end }
  }

  /** When an event of a fault was written. */
  told(kind: 'fault-asked' | 'fault-in-force' | 'fault-heal-asked' | 'fault-healed', fault: string): number {
    const found = this.events.find((event) => event.source === 'run' && event.kind === kind && event.fault === fault)
    if (found === undefined) throw new Error(`the record has no ${kind} of ${fault}`)
    return found.atUs
  }
}

export function arrivalsOfLoad(load: LoadSpec): number {
  return load.streams.reduce((sum, _, index) => sum + countArrivals(load, index), 0)
}

export function medianMs(rows: readonly RequestRow[]): number {
  const sorted = rows.map(({ durationUs }) => durationUs / 1000).sort((a, b) => a - b)
  return sorted.length === 0 ? Number.NaN : sorted[Math.floor(sorted.length / 2)]
}
