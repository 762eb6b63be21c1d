// All that the core knows, as tables: a row a target, a row a cell, a row a region. Targets and cells share
// the form of health, so that one state machine serves both; a *place* is either: a target index, or the
// bitwise complement of a cell index.

import type { CoreTopology, EffectBuffer } from './core.ts'
import { makeAgenda, type Agenda } from './agenda.ts'
import { makeBudget, type Budget } from './budget.ts'
import { layColumns, layRows, rowTimes, rowWords, type Allocate, type Columns, type Rows } from './columns.ts'
import { makeDeadlines, type Deadlines } from './deadlines.ts'
import { makeEffects } from './effects.ts'
import { makeLatencyPool, type LatencyPool } from './latency.ts'
import type { Settings } from './settings.ts'
import { makeFlights, type Flights } from './tickets.ts'

/** Codes of `healthStates` in core.ts. */
export const Health = { healthy: 0, suspect: 1, ejected: 2, recovering: 3 } as const
/** Codes of the RegionState effect. */
export const Region = { serving: 0, draining: 1, recovering: 2 } as const

/**
 * Words of a row of health, the same for targets and cells; names that end in Us are times of the same row. The
 * rows hold what every request reads or writes; what only trouble does is in the columns below.
 */
export const Row = {
  state: 0,
  /** Attempts without a response head. */
  waiting: 1,
  /** Consecutive connection failures (of a link cell: refusals by the far gateway), 5xx, and lone requests gone late. */
  failures: 2,
  errors: 3,
  late: 4,
  /** Histogram in the latency pool, or -1. Target and cell share it when the target has that one cell only. */
  latency: 5,
  heardUs: 5,
  /** Of that histogram once it counts as measured, nought before. */
  p99Us: 6,
} as const

export const Target = {
  ...Row,
  region: 6,
  link: 7,
  /** Attempts not yet over, those that stream a response included. */
  inFlight: 8,
  answeredUs: 7,
} as const

export const Cell = {
  ...Row,
  target: 6,
  /** 1 while the cell is noted in the watch over silence. */
  watched: 7,
  /** Silence is counted from the later of: first waiting attempt sent, last byte heard. */
  sinceUs: 4,
  sentUs: 7,
} as const

const healthSpec = {
  /** Index into healthCauses of the last change. */
  cause: 'u8',
  countersUs: 'f64',
  /** When the last late one was counted: one that was out at the same time says nothing more. */
  lateUs: 'f64',
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
} as const

/** Recent probe round trips kept per target: the path's own latency, without the service's. */
export const pathSamples = 8

export const targetSpec = {
  ...healthSpec,
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
  /** The far gateway's last probe named it as what it cannot serve. */
  reported: 'u8',
} as const

export type Targets = Rows & Columns<typeof targetSpec>
export type Cells = Rows & Columns<typeof cellSpec>
export type HealthRows = Rows & Columns<typeof healthSpec>

/** Everything that has the topology's shape; a swap builds it anew and copies rows by key. */
export interface Tables {
  cells: Cells
  targets: Targets
  /**
   * A row a service (`serviceRow`): where its cells of each region start, which are sorted by region, so that those of
   * region r end where those of r + 1 start; then the region whose response was accepted last and the one that it
   * was redirected to since, -1 = none.
   */
  services: Int32Array
  /** Region indices by rank: own first, then nearest by measured latency. */
  regionOrder: Int32Array
  regionState: Uint8Array
  regionCount: number
  targetCount: number
  cellCount: number
  /** Cells by when their silence could first mean something. */
  watch: Agenda
  /** Ring of `pathSamples` probe round trips a target. */
  paths: Float64Array
  /** Cells of target t: targetCells[targetCellStart[t]] up to the next start. */
  targetCellStart: Int32Array
  targetCells: Int32Array
  /** Targets of region r, in the same form. */
  regionTargetStart: Int32Array
  regionTargets: Int32Array
  /** Cells with traffic when the region was drained for lost cells: the weight that recovery is measured by. */
  regionWeight: Int32Array
  regionDirty: Uint8Array
  /** Places that recover, in the order they began to. */
  ramping: Set<number>
  probeTimers: Deadlines
}

export interface State {
  tables: Tables
  flights: Flights
  effects: EffectBuffer
  budget: Budget
  settings: Settings
  latencies: LatencyPool
  nextTickUs: number
  anyRegionDirty: boolean
  /** Places whose waiting attempts must be hedged (+0) or moved (+1), in pairs (place, mode). */
  moves: number[]
  /** Targets that wait for a probe token, urgent ones first. */
  urgentProbes: Queue
  /** Then links, because a whole region hangs on one; then what is ejected and may be well again; then the rest. */
  linkProbes: Queue
  ejectedProbes: Queue
  dueProbes: Queue
  probeTokens: number
  probeTokensUs: number
  topology: CoreTopology
  allocate: Allocate
  unavailable: number[]
  unavailableDirty: boolean
  /** The last tick was so late that nothing reached before the next one is believed. */
  distrust: boolean
  /** The last tick left its verdicts to this one. */
  deferred: boolean
}

/** First in, first out: items from `head` on. */
export interface Queue { items: number[]; head: number }

export function emptyQueue(): Queue {
  return { items: [], head: 0 }
}

export function makeState(topology: CoreTopology, settings: Settings, nowUs: number, allocate: Allocate): State {
  return {
    tables: layTables(topology, nowUs, allocate),
    flights: makeFlights(nowUs, allocate),
    effects: makeEffects(),
    budget: makeBudget(),
    settings,
    latencies: makeLatencyPool(),
    nextTickUs: nowUs, anyRegionDirty: false,
    moves: [], urgentProbes: emptyQueue(), linkProbes: emptyQueue(), ejectedProbes: emptyQueue(), dueProbes: emptyQueue(),
    probeTokens: Math.max(1, settings.probesPerSecond / 4), probeTokensUs: nowUs,
    topology, allocate, unavailable: [], unavailableDirty: true, distrust: false, deferred: false,
  }
}

export function layTables(topology: CoreTopology, nowUs: number, allocate: Allocate): Tables {
  const { regions, services } = topology
  const targetCount = topology.targets.length
  const cellCount = services.reduce((sum, service) => sum + service.targets.length, 0)
  const targets: Targets = { ...layRows(targetCount, allocate), ...layColumns(targetSpec, targetCount, allocate) }
  const cells: Cells = { ...layRows(cellCount, allocate), ...layColumns(cellSpec, cellCount, allocate) }
  beginHealth(targets, targetCount, nowUs)
  beginHealth(cells, cellCount, nowUs)
  targets.aliveUs.fill(-Infinity)
  topology.targets.forEach((target, index) => {
    targets.words[index * rowWords + Target.region] = target.region
    targets.words[index * rowWords + Target.link] = target.kind === 'link' ? 1 : 0
    targets.times[index * rowTimes + Target.answeredUs] = -Infinity
    targets.seed[index] = hashText(target.key)
  })
  const serviceRows = layCells(topology, cells)
  const byTarget = inverse(Array.from({ length: cellCount }, (_, cell) => targetOfCell(cells, cell)), targetCount)
  const byRegion = inverse(topology.targets.map(({ region }) => region), regions.length)
  return {
    targets, cells, targetCount, cellCount, services: serviceRows, regionCount: regions.length,
    regionOrder: Int32Array.from(regions.keys()).sort((a, b) => priorOf(topology, a) - priorOf(topology, b) || a - b),
    paths: new Float64Array(targetCount * pathSamples),
    targetCellStart: byTarget.start, targetCells: byTarget.items,
    regionTargetStart: byRegion.start, regionTargets: byRegion.items,
    regionState: new Uint8Array(regions.length), regionWeight: new Int32Array(regions.length), regionDirty: new Uint8Array(regions.length),
    ramping: new Set(),
    watch: makeAgenda(32, nowUs),
    probeTimers: makeDeadlines(targetCount, 4096, nowUs),
  }
}

function beginHealth(rows: HealthRows, count: number, nowUs: number): void {
  for (let row = 0; row < count; row++) {
    rows.words[row * rowWords + Row.latency] = -1
    rows.times[row * rowTimes + Row.heardUs] = nowUs
  }
  rows.restedUs.fill(-Infinity)
  rows.trialUs.fill(Infinity)
}

/** Where the row of a service begins in `services`; the cells of region r start at the r-th of it. */
export function serviceRow(tables: Tables, service: number): number {
  return service * (tables.regionCount + 3)
}

/** After the starts of the regions and the end of the last. */
export function servedAt(tables: Tables, service: number): number {
  return serviceRow(tables, service) + tables.regionCount + 1
}

export function redirectedAt(tables: Tables, service: number): number {
  return servedAt(tables, service) + 1
}

function layCells(topology: CoreTopology, cells: Cells): Int32Array {
  const regionCount = topology.regions.length
  const rows = new Int32Array(topology.services.length * (regionCount + 3)).fill(-1)
  let cell = 0
  topology.services.forEach((service, index) => {
    const sorted = [...service.targets].sort((a, b) => topology.targets[a].region - topology.targets[b].region || a - b)
    let next = 0
    for (let region = 0; region <= regionCount; region++) {
      rows[index * (regionCount + 3) + region] = cell
      for (; next < sorted.length && topology.targets[sorted[next]].region === region; next++, cell++) {
        cells.service[cell] = index
        cells.words[cell * rowWords + Cell.target] = sorted[next]
        cells.times[cell * rowTimes + Cell.sentUs] = -Infinity
      }
    }
  })
  return rows
}

function inverse(of: readonly number[], groups: number): { start: Int32Array; items: Int32Array } {
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

export function targetOfCell(cells: Cells, cell: number): number {
  return cells.words[cell * rowWords + Cell.target]
}

export function isLink(targets: Targets, target: number): boolean {
  return targets.words[target * rowWords + Target.link] === 1
}

export function stateOf(rows: HealthRows, row: number): number {
  return rows.words[row * rowWords + Row.state]
}

export function waitingAt(rows: HealthRows, row: number): number {
  return rows.words[row * rowWords + Row.waiting]
}

/** Where the health of a cell is kept: an endpoint's with the endpoint, a link's service with the cell. */
export function placeOf(tables: Tables, cell: number): number {
  const target = targetOfCell(tables.cells, cell)
  return isLink(tables.targets, target) ? ~cell : target
}

export function rowsOf(tables: Tables, place: number): HealthRows {
  return place >= 0 ? tables.targets : tables.cells
}

export function rowOf(place: number): number {
  return place >= 0 ? place : ~place
}

/** The target that a place belongs to. */
export function targetOf(tables: Tables, place: number): number {
  return place >= 0 ? place : targetOfCell(tables.cells, ~place)
}
