// All that the core knows, as tables: a row a target, a row a cell, a row a region. Targets and cells share
// the columns of health, so that one state machine serves both; a *place* is either: a target index, or the
// bitwise complement of a cell index.

import type { CoreTopology, EffectBuffer } from './core.ts'
import { makeBudget, type Budget } from './budget.ts'
import { layColumns, type Allocate, type Columns } from './columns.ts'
import { makeDeadlines, type Deadlines } from './deadlines.ts'
import { makeEffects } from './effects.ts'
import { makeLatencyPool, type LatencyPool } from './latency.ts'
import type { Settings } from './settings.ts'
import { makeFlights, type Flights } from './tickets.ts'

/** Codes of `healthStates` in core.ts. */
export const Health = { healthy: 0, suspect: 1, ejected: 2, recovering: 3 } as const
/** Codes of the RegionState effect. */
export const Region = { serving: 0, draining: 1, recovering: 2 } as const

const healthSpec = {
  state: 'u8',
  /** Index into healthCauses of the last change. */
  cause: 'u8',
  /** Attempts without a response head. */
  waiting: 'i32',
  /** Consecutive connection failures (of a link cell: refusals by the far gateway), 5xx, and lone requests gone late. */
  failures: 'i32',
  errors: 'i32',
  late: 'i32',
  countersUs: 'f64',
  /** When the last late one was counted: one that was out at the same time says nothing more. */
  lateUs: 'f64',
  /** Silence is counted from the later of: first waiting attempt sent, last byte heard. */
  sinceUs: 'f64',
  heardUs: 'f64',
  suspectUs: 'f64',
  /** From then on one request may try a suspect that nobody asks any more; Infinity = not yet. */
  trialUs: 'f64',
  ejectedUs: 'f64',
  successes: 'i32',
  firstSuccessUs: 'f64',
  rampUs: 'f64',
  flaps: 'i32',
  /** When it was last wholly healthy again after an ejection. */
  restedUs: 'f64',
  /** Histogram in the latency pool, or -1. */
  latency: 'i32',
  /** Position in the list of rows that ticks look at, plus one; 0 = not in it. */
  activeAt: 'i32',
} as const

/** Recent probe round trips kept per target: the path's own latency, without the service's. */
export const pathSamples = 8

export const targetSpec = {
  ...healthSpec,
  region: 'i32',
  link: 'u8',
  /** Attempts not yet over, those that stream a response included. */
  inFlight: 'i32',
  /** Waiting attempts in the order they were sent, -1 = none. */
  first: 'i32',
  last: 'i32',
  answeredUs: 'f64',
  /** Last probe that succeeded. */
  aliveUs: 'f64',
  misses: 'i32',
  probing: 'u8',
  probeSentUs: 'f64',
  probeTimeoutUs: 'f64',
  probes: 'u32',
  seed: 'u32',
  /** Waits in the queue for a probe token. */
  queued: 'u8',
  pathCount: 'i32',
  pathP50Us: 'f64',
  pathMaxUs: 'f64',
  unhealthyCells: 'i32',
} as const

export const cellSpec = {
  ...healthSpec,
  service: 'i32',
  target: 'i32',
  sentUs: 'f64',
  /** The far gateway's last probe named it as what it cannot serve. */
  reported: 'u8',
} as const

export type Targets = Columns<typeof targetSpec>
export type Cells = Columns<typeof cellSpec>
export type HealthRows = Columns<typeof healthSpec>

/** Everything that has the topology's shape; a swap builds it anew and copies rows by key. */
export interface Tables {
  targets: Targets
  cells: Cells
  targetCount: number
  cellCount: number
  /** Ring of `pathSamples` probe round trips a target. */
  paths: Float64Array
  /** Cells of service s in region r: groupStart[s * (regions + 1) + r] up to the next entry. */
  groupStart: Int32Array
  /** Cells of target t: targetCells[targetCellStart[t]] up to the next start. */
  targetCellStart: Int32Array
  targetCells: Int32Array
  /** Targets of region r, in the same form. */
  regionTargetStart: Int32Array
  regionTargets: Int32Array
  regionState: Uint8Array
  /** Cells with traffic when the region was drained for lost cells: the weight that recovery is measured by. */
  regionWeight: Int32Array
  regionDirty: Uint8Array
  /** Region indices by rank: own first, then nearest by measured latency. */
  regionOrder: Int32Array
  /** Region whose response was accepted last for a service, -1 = none; and where it was redirected to since. */
  servedRegion: Int32Array
  redirectedTo: Int32Array
  activeTargets: IndexList
  activeCells: IndexList
  probeTimers: Deadlines
}

export interface IndexList { items: Int32Array; length: number }

export interface State {
  topology: CoreTopology
  settings: Settings
  effects: EffectBuffer
  allocate: Allocate
  tables: Tables
  flights: Flights
  latencies: LatencyPool
  budget: Budget
  /** Places whose waiting attempts must be hedged (+0) or moved (+1), in pairs (place, mode). */
  moves: number[]
  /** Targets that wait for a probe token, urgent ones first. */
  urgentProbes: number[]
  dueProbes: number[]
  probeTokens: number
  probeTokensUs: number
  anyRegionDirty: boolean
  unavailable: number[]
  unavailableDirty: boolean
  nextTickUs: number
  /** The last tick was so late that nothing reached before the next one is believed. */
  distrust: boolean
  /** The last tick left its verdicts to this one. */
  deferred: boolean
}

export function makeState(topology: CoreTopology, settings: Settings, nowUs: number, allocate: Allocate): State {
  return {
    topology, settings, allocate,
    latencies: makeLatencyPool(),
    effects: makeEffects(),
    tables: layTables(topology, nowUs, allocate),
    flights: makeFlights(nowUs, allocate),
    budget: makeBudget(),
    moves: [], urgentProbes: [], dueProbes: [],
    probeTokens: Math.max(1, settings.probesPerSecond / 4), probeTokensUs: nowUs,
    anyRegionDirty: false, unavailable: [], unavailableDirty: true,
    nextTickUs: nowUs, distrust: false, deferred: false,
  }
}

export function layTables(topology: CoreTopology, nowUs: number, allocate: Allocate): Tables {
  const { regions, services } = topology
  const targetCount = topology.targets.length
  const cellCount = services.reduce((sum, service) => sum + service.targets.length, 0)
  const targets = layColumns(targetSpec, targetCount, allocate)
  const cells = layColumns(cellSpec, cellCount, allocate)
  for (const rows of [targets, cells] as HealthRows[]) {
    rows.restedUs.fill(-Infinity)
    rows.trialUs.fill(Infinity)
    rows.latency.fill(-1)
    rows.heardUs.fill(nowUs)
  }
  targets.first.fill(-1)
  targets.last.fill(-1)
  targets.answeredUs.fill(-Infinity)
  targets.aliveUs.fill(-Infinity)
  cells.sentUs.fill(-Infinity)
  topology.targets.forEach((target, index) => {
    targets.region[index] = target.region
    targets.link[index] = target.kind === 'link' ? 1 : 0
    targets.seed[index] = hashText(target.key)
  })
  const groupStart = layCells(topology, cells)
  const byTarget = inverse(cells.target, targetCount)
  const byRegion = inverse(targets.region, regions.length)
  const regionOrder = Int32Array.from(regions.keys()).sort((a, b) => priorOf(topology, a) - priorOf(topology, b) || a - b)
  return {
    targets, cells, targetCount, cellCount, groupStart, regionOrder,
    paths: new Float64Array(targetCount * pathSamples),
    targetCellStart: byTarget.start, targetCells: byTarget.items,
    regionTargetStart: byRegion.start, regionTargets: byRegion.items,
    regionState: new Uint8Array(regions.length), regionWeight: new Int32Array(regions.length), regionDirty: new Uint8Array(regions.length),
    servedRegion: new Int32Array(services.length).fill(-1), redirectedTo: new Int32Array(services.length).fill(-1),
    activeTargets: { items: new Int32Array(targetCount), length: 0 },
    activeCells: { items: new Int32Array(cellCount), length: 0 },
    probeTimers: makeDeadlines(targetCount, 4096, nowUs),
  }
}

function layCells(topology: CoreTopology, cells: Cells): Int32Array {
  const width = topology.regions.length + 1
  const groupStart = new Int32Array(topology.services.length * width)
  let cell = 0
  topology.services.forEach((service, index) => {
    const sorted = [...service.targets].sort((a, b) => topology.targets[a].region - topology.targets[b].region || a - b)
    let next = 0
    for (let region = 0; region < width; region++) {
      groupStart[index * width + region] = cell
      for (; next < sorted.length && topology.targets[sorted[next]].region === region; next++, cell++) {
        cells.service[cell] = index
        cells.target[cell] = sorted[next]
      }
    }
  })
  return groupStart
}

function inverse(of: Int32Array, groups: number): { start: Int32Array; items: Int32Array } {
  const start = new Int32Array(groups + 1)
  for (const group of of) start[group + 1]++
  for (let group = 0; group < groups; group++) start[group + 1] += start[group]
  const items = new Int32Array(of.length)
  const next = start.slice()
  of.forEach((group, index) => { items[next[group]++] = index })
  return { start, items }
}

/** Round trip to a region as configured, before anything is measured; the own region is nearest of all. */
export function priorOf(topology: CoreTopology, region: number): number {
  return region === topology.ownRegion ? -1 : topology.regions[region].priorRttUs
}

/** FNV-1a: a number that depends on the text alone. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

/** The finaliser of MurmurHash3: a well-mixed number from a small one. */
export function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Where the health of a cell is kept: an endpoint's with the endpoint, a link's service with the cell. */
export function placeOf(tables: Tables, cell: number): number {
  const target = tables.cells.target[cell]
  return tables.targets.link[target] === 1 ? ~cell : target
}

export function rowsOf(tables: Tables, place: number): HealthRows {
  return place >= 0 ? tables.targets : tables.cells
}

export function rowOf(place: number): number {
  return place >= 0 ? place : ~place
}

/** The target that a place belongs to. */
export function targetOf(tables: Tables, place: number): number {
  return place >= 0 ? place : tables.cells.target[~place]
}

/** Ticks look only at rows with something waiting or a state other than healthy. */
export function refreshActive(list: IndexList, rows: HealthRows, row: number): void {
  const wanted = rows.waiting[row] > 0 || rows.state[row] !== Health.healthy
  const at = rows.activeAt[row]
  if (wanted === (at !== 0)) return
  if (wanted) {
    list.items[list.length++] = row
    rows.activeAt[row] = list.length
    return
  }
  const last = list.items[--list.length]
  list.items[at - 1] = last
  rows.activeAt[last] = at
  rows.activeAt[row] = 0
}
