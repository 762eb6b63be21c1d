// One run that meets every primitive: three paths side by side, slot after slot, each watched by witness requests
// pinned to it, while ordinary requests enter by every way. What the suite asserts is read from its record.

import { countArrivals } from './arrivals.ts'
import type { HistoryEvent, HistorySink, RequestRow } from './history.ts'
import type { Primitive, PrimitiveKind, Symptom } from './primitives.ts'
import type { ConfigDocument, Deployment, LoadSpec, RequestTemplate, StreamSpec } from './substrate.ts'
import type { Entry, RegionPart } from './topology.ts'

export const seconds = 1_000_000

export interface Path { group: string; edge: string; region: string }

const west: Path = { group: 'europe', edge: 'frankfurt', region: 'eu-west' }
const east: Path = { group: 'america', edge: 'new-york', region: 'us-east' }
const south: Path = { group: 'asia', edge: 'mumbai', region: 'ap-south' }
export const paths = [west, east, south]

/** A primitive in force from `fromUs` to `toUs` on a path, and what its witness must see. */
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

export const firstSlotUs = 2 * seconds
/** The fourth is longer: a region whose own services were lost is trusted again after some seconds of good probes only. */
const slotsUs = [4, 4, 4, 7, 4].map((length) => length * seconds)
const slotStartUs = (slot: number): number => slotsUs.slice(0, slot).reduce((sum, us) => sum + us, firstSlotUs)
const inForceUs = 1.8 * seconds

const there = ({ edge, region }: Path) => ({ from: `edge:${edge}`, to: `region:${region}` } as const)
const back = ({ edge, region }: Path) => ({ from: `region:${region}`, to: `edge:${edge}` } as const)
const both = (path: Path) => [there(path), back(path)]
const at = ({ region }: Path, ...parts: RegionPart[]) => [{ region, parts }]

type Shown = [name: string, path: Path, primitive: Primitive, symptom: Symptom]
const slots: Shown[][] = [
  [
    ['delay', west, { kind: 'delay', on: both(west), delayMs: 120, jitterMs: 0 }, { expect: 'slower', byMs: 200 }],
    // About 1,300 bytes of response at 8,000 bytes/s take 160 ms.
    ['throttle', east, { kind: 'throttle', on: [back(east)], bytesPerSecond: 8000 }, { expect: 'slower', byMs: 60 }],
    ['cut: black hole both ways', south, { kind: 'cut', on: both(south), mode: 'black-hole' }, { expect: 'silent' }],
  ],
  [
    ['cut: black hole of requests', west, { kind: 'cut', on: [there(west)], mode: 'black-hole' }, { expect: 'silent' }],
    ['cut: black hole of responses', east, { kind: 'cut', on: [back(east)], mode: 'black-hole' }, { expect: 'silent' }],
    ['cut: refuse', south, { kind: 'cut', on: both(south), mode: 'refuse' }, { expect: 'broken' }],
  ],
  [
    ['pause of the gateway', west, { kind: 'pause', at: at(west, 'gateway') }, { expect: 'silent' }],
    ['stop of the gateway', east, { kind: 'stop', at: at(east, 'gateway') }, { expect: 'broken' }],
    ['degrade: slow services', south, { kind: 'degrade', at: [{ region: 'ap-south', services: null }], delayMs: 300, errorRate: 0 }, { expect: 'slower', byMs: 250 }],
  ],
  [
    ['pause of the services', west, { kind: 'pause', at: at(west, 'services') }, { expect: 'silent' }],
    ['stop of the services', east, { kind: 'stop', at: at(east, 'services') }, { expect: 'broken' }],
    ['degrade: failing services', south, { kind: 'degrade', at: [{ region: 'ap-south', services: ['shop/catalog:8080'] }], delayMs: 0, errorRate: 1 }, { expect: 'errors', share: 0.9 }],
  ],
  [
    ['pause of a whole region', south, { kind: 'pause', at: at(south, 'gateway', 'services', 'control-plane') }, { expect: 'silent' }],
  ],
]

export const trials: Trial[] = slots.flatMap((shown, slot) => shown.map(([name, path, primitive, symptom]) => {
  const fromUs = slotStartUs(slot)
  return { name, path, primitive, symptom, fromUs, toUs: fromUs + inForceUs, againUs: slotStartUs(slot + 1) }
}))

/** While services answer late, requests are always under way on that path: these are what a reset breaks. */
const slow = trials.find(({ name }) => name === 'degrade: slow services')!
export const reset = { name: 'reset', path: south, primitive: { kind: 'reset', on: both(south) } as Primitive, atUs: slow.fromUs + 0.8 * seconds, toUs: slow.toUs }

const lastSlotUs = slotStartUs(4)
/** Longer than the silence after which a gateway takes its control plane for lost. */
const planesUs = { fromUs: lastSlotUs, toUs: lastSlotUs + 3.6 * seconds }
export const planes: Omit<Trial, 'againUs'>[] = [
  { name: 'stop of a control plane', path: west, primitive: { kind: 'stop', at: at(west, 'control-plane') }, symptom: { expect: 'unreachable-control-plane' }, ...planesUs },
  { name: 'pause of a control plane', path: east, primitive: { kind: 'pause', at: at(east, 'control-plane') }, symptom: { expect: 'unreachable-control-plane' }, ...planesUs },
]

export const tourUs = lastSlotUs + 8 * seconds
/** The third while one control plane is dead and another is silent: it is delivered when they are back. */
export const publishedUs = { second: 0.8 * seconds, third: lastSlotUs + 1.8 * seconds }
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

export const offered: LoadSpec = {
  name: 'load', source: 'load', engine: 'open-loop', fromUs: 0, toUs: tourUs - seconds,
  streams: ways.map((entry, index) => streamOf('europe', { entry: index === 0 ? null : entry, seed: index })),
}

export const witnesses: LoadSpec = {
  name: 'witness', source: 'witness', engine: 'open-loop', fromUs: 0, toUs: tourUs - seconds,
  streams: paths.map(({ group, region }, index) =>
    streamOf(group, { pinned: region, arrivals: 'constant', ratePerSecond: 10, timeoutMs: witnessTimeoutMs, phaseUs: index * 30_000 })),
}

/** The same route with another patience: a change that every gateway must apply. */
export function changedRoute(config: readonly ConfigDocument[], requestTimeout: string): ConfigDocument {
  const route = structuredClone(config.find(({ kind, metadata }) => kind === 'HTTPRoute' && metadata.name === 'catalog'))
  if (route === undefined) throw new Error('the topology of this suite has a route called catalog')
  for (const rule of (route.spec as { rules: { timeouts?: unknown }[] }).rules) rule.timeouts = { request: requestTimeout }
  return route
}

/** Declares the tour; primitives that the substrate does not support are left out. */
export function declareTour(deployment: Deployment, config: readonly ConfigDocument[]): void {
  const supported = ({ kind }: { kind: PrimitiveKind }): boolean => deployment.capabilities[kind].supported
  deployment.drive(offered)
  deployment.drive(witnesses)
  deployment.at(0, { kind: 'mark', event: { kind: 'phase', phase: 'steady' } })
  deployment.at(publishedUs.second, { kind: 'publish', change: { revision: 2, put: [changedRoute(config, '2900ms')], remove: [] } })
  deployment.at(publishedUs.third, { kind: 'publish', change: { revision: 3, put: [changedRoute(config, '3s')], remove: [] } })
  // Declared last to first: the time decides, not the order of declaring.
  for (const { name, primitive, fromUs, toUs } of [...trials, ...planes].reverse()) {
    if (!supported(primitive)) continue
    deployment.at(toUs, { kind: 'heal', fault: name, index: 0, primitive })
    deployment.at(fromUs, { kind: 'apply', fault: name, index: 0, primitive })
  }
  if (supported(reset.primitive) && supported(slow.primitive)) {
    deployment.at(reset.atUs, { kind: 'apply', fault: reset.name, index: 0, primitive: reset.primitive })
    deployment.at(reset.toUs, { kind: 'heal', fault: reset.name, index: 0, primitive: reset.primitive })
  }
  deployment.at(firstSlotUs, { kind: 'mark', event: { kind: 'phase', phase: 'fault' } })
  deployment.at(slotStartUs(5), { kind: 'mark', event: { kind: 'phase', phase: 'recovered' } })
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
