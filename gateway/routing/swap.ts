// A new snapshot: tables of the new shape are laid, and what is known goes over by key, so that health, latency
// and requests in flight survive any change of configuration. What vanished is forgotten; requests that wait
// for it live on by themselves until they answer, fail or run out of time.

import type { CoreTopology, RoutePlan } from './core.ts'
import { makeAgenda, note, placeIn } from './agenda.ts'
import { copyColumns, copyRow, rowWords } from './columns.ts'
import { arm } from './deadlines.ts'
import { copyLatency } from './latency.ts'
import { rankRegions } from './region.ts'
import { scheduleFirstProbe } from './probing.ts'
import { isLive } from './slots.ts'
import {
  Cell, cellSpec, emptyQueue, Health, layTables, pathSamples, redirectedAt, servedAt, serviceRow, stateOf, Target, targetOfCell, targetSpec,
  waitingAt, type HealthRows, type State, type Tables,
} from './state.ts'
import { Attempt, detachAttempt, renumberTried, Ticket } from './tickets.ts'

export function swapTopology(state: State, topology: CoreTopology, nowUs: number): void {
  const before = state.topology
  if (isSame(before, topology)) {
    state.topology = topology
    watchAll(state, nowUs)
    return
  }
  const old = state.tables
  const fresh = layTables(topology, nowUs, state.allocate)
  const map = mapIndices(before, topology, old, fresh)
  const { attemptSlots, attempts } = state.flights
  for (let slot = 0; slot < attemptSlots.capacity; slot++) {
    const cell = attempts.words[slot * rowWords + Attempt.cell]
    if (isLive(attemptSlots, slot) && cell !== -1 && map.cells[cell] === -1) detachAttempt(state, slot)
  }
  carryTargets(old, fresh, map, nowUs)
  carryCells(old, fresh, map)
  carryRegions(old, fresh, map)
  giveBackLatencies(state, old, map)
  partLatencies(state, fresh)
  state.topology = topology
  state.tables = fresh
  renumberFlights(state, map)
  noteRamping(fresh)
  watchAll(state, nowUs)
  const carried = new Set(map.targets)
  for (let target = 0; target < fresh.targetCount; target++) if (!carried.has(target)) scheduleFirstProbe(state, target, nowUs)
  state.urgentProbes = emptyQueue()
  state.linkProbes = emptyQueue()
  state.ejectedProbes = emptyQueue()
  state.dueProbes = emptyQueue()
  state.unavailableDirty = true
  fresh.regionDirty.fill(2)
  state.anyRegionDirty = true
  rankRegions(state)
}

/** Old index → new index, or -1. */
interface IndexMap { targets: Int32Array; cells: Int32Array; services: Int32Array; regions: Int32Array; regionsMoved: boolean }

function isSame(a: CoreTopology, b: CoreTopology): boolean {
  return a.ownRegion === b.ownRegion && a.regions.length === b.regions.length && a.targets.length === b.targets.length
    && a.services.length === b.services.length
    && a.regions.every((region, at) => region.name === b.regions[at].name && region.priorRttUs === b.regions[at].priorRttUs)
    && a.targets.every((target, at) => target.key === b.targets[at].key && target.region === b.targets[at].region)
    && a.services.every((service, at) => service.name === b.services[at].name
      && service.targets.length === b.services[at].targets.length && service.targets.every((target, of) => target === b.services[at].targets[of]))
}

function mapIndices(before: CoreTopology, after: CoreTopology, old: Tables, fresh: Tables): IndexMap {
  const targets = byName(before.targets.map(({ key }) => key), after.targets.map(({ key }) => key))
  const services = byName(before.services.map(({ name }) => name), after.services.map(({ name }) => name))
  const regions = byName(before.regions.map(({ name }) => name), after.regions.map(({ name }) => name))
  const cells = new Int32Array(old.cellCount).fill(-1)
  for (let cell = 0; cell < old.cellCount; cell++) {
    const service = services[old.cells.service[cell]]
    const target = targets[targetOfCell(old.cells, cell)]
    if (service === -1 || target === -1) continue
    const base = serviceRow(fresh, service) + fresh.targets.words[target * rowWords + Target.region]
    for (let at = fresh.services[base]; at < fresh.services[base + 1]; at++) if (targetOfCell(fresh.cells, at) === target) cells[cell] = at
  }
  return { targets, cells, services, regions, regionsMoved: regions.some((to, from) => to !== from) }
}

function byName(before: readonly string[], after: readonly string[]): Int32Array {
  const indices = new Map(after.map((name, index) => [name, index]))
  return Int32Array.from(before, (name) => indices.get(name) ?? -1)
}

function carryTargets(old: Tables, fresh: Tables, map: IndexMap, nowUs: number): void {
  const { targets } = fresh
  map.targets.forEach((to, from) => {
    if (to === -1) return
    const region = targets.words[to * rowWords + Target.region]
    copyRow(old.targets, from, targets, to)
    copyColumns(targetSpec, old.targets, from, targets, to)
    targets.words[to * rowWords + Target.region] = region
    targets.unhealthyCells[to] = 0
    targets.queued[to] = 0
    arm(fresh.probeTimers, to, old.probeTimers.slot[from] === -1 || stateOf(targets, to) !== Health.healthy ? nowUs : old.probeTimers.dueUs[from])
    for (let sample = 0; sample < pathSamples; sample++) fresh.paths[to * pathSamples + sample] = old.paths[from * pathSamples + sample]
  })
}

function carryCells(old: Tables, fresh: Tables, map: IndexMap): void {
  const { cells, targets } = fresh
  map.cells.forEach((to, from) => {
    if (to === -1) return
    const service = cells.service[to]
    const target = targetOfCell(cells, to)
    copyRow(old.cells, from, cells, to)
    copyColumns(cellSpec, old.cells, from, cells, to)
    cells.service[to] = service
    cells.words[to * rowWords + Cell.target] = target
    if (stateOf(cells, to) !== Health.healthy) targets.unhealthyCells[target]++
  })
}

function carryRegions(old: Tables, fresh: Tables, map: IndexMap): void {
  map.regions.forEach((to, from) => {
    if (to === -1) return
    fresh.regionState[to] = old.regionState[from]
    fresh.regionWeight[to] = old.regionWeight[from]
  })
  map.services.forEach((to, from) => {
    if (to === -1) return
    const served = old.services[servedAt(old, from)]
    const redirected = old.services[redirectedAt(old, from)]
    fresh.services[servedAt(fresh, to)] = served === -1 ? -1 : map.regions[served]
    fresh.services[redirectedAt(fresh, to)] = redirected === -1 ? -1 : map.regions[redirected]
  })
}

/** Histograms of what vanished go back, but for those that something that stays shares. */
function giveBackLatencies(state: State, old: Tables, map: IndexMap): void {
  const lost = new Set<number>()
  const kept = new Set<number>()
  const sort = (rows: HealthRows, moved: Int32Array): void => {
    moved.forEach((to, from) => { (to === -1 ? lost : kept).add(latencyOf(rows, from)) })
  }
  sort(old.targets, map.targets)
  sort(old.cells, map.cells)
  for (const histogram of lost) if (histogram !== -1 && !kept.has(histogram)) state.latencies.spare.push(histogram)
}

/** A target that shared its only cell's histogram and now has more cells gets its own. */
function partLatencies(state: State, fresh: Tables): void {
  const { cells, targets, targetCellStart, targetCells } = fresh
  for (let target = 0; target < fresh.targetCount; target++) {
    const own = latencyOf(targets, target)
    const its = targetCells.subarray(targetCellStart[target], targetCellStart[target + 1])
    if (own === -1 || its.length < 2 || !its.some((cell) => latencyOf(cells, cell) === own)) continue
    targets.words[target * rowWords + Target.latency] = copyLatency(state.latencies, own)
  }
}

function latencyOf(rows: HealthRows, row: number): number {
  return rows.words[row * rowWords + Target.latency]
}

function noteRamping({ targets, cells, targetCount, cellCount, ramping }: Tables): void {
  for (let target = 0; target < targetCount; target++) if (stateOf(targets, target) === Health.recovering) ramping.add(target)
  for (let cell = 0; cell < cellCount; cell++) if (stateOf(cells, cell) === Health.recovering) ramping.add(~cell)
}

/** Numbers or settings changed: what waits is looked at with the next tick, and noted by that anew. */
function watchAll(state: State, nowUs: number): void {
  const { tables } = state
  const { words } = tables.cells
  tables.watch = makeAgenda(tables.watch.lengths.length, nowUs)
  for (let cell = 0; cell < tables.cellCount; cell++) {
    const waits = waitingAt(tables.cells, cell) > 0
    words[cell * rowWords + Cell.watched] = waits ? 1 : 0
    if (waits) note(tables.watch, cell, placeIn(tables.watch, nowUs))
  }
}

function renumberFlights(state: State, map: IndexMap): void {
  const { flights } = state
  const { attemptSlots, ticketSlots, plans } = flights
  const attempts = flights.attempts.words
  const tickets = flights.tickets.words
  for (let slot = 0; slot < attemptSlots.capacity; slot++) {
    const row = slot * rowWords
    if (!isLive(attemptSlots, slot) || attempts[row + Attempt.cell] === -1) continue
    attempts[row + Attempt.cell] = map.cells[attempts[row + Attempt.cell]]
    attempts[row + Attempt.target] = map.targets[attempts[row + Attempt.target]]
  }
  const moved = new Map<RoutePlan, RoutePlan>()
  for (let slot = 0; slot < ticketSlots.capacity; slot++) {
    const plan = plans[slot]
    if (plan === null) continue
    const row = slot * rowWords
    if (tickets[row + Ticket.service] !== -1) tickets[row + Ticket.service] = map.services[tickets[row + Ticket.service]]
    renumberTried(flights, slot, map.targets)
    if (!map.regionsMoved) continue
    tickets[row + Ticket.mask] = renumberMask(tickets[row + Ticket.mask], map.regions)
    tickets[row + Ticket.triedRegions] = renumberMask(tickets[row + Ticket.triedRegions], map.regions)
    let renumbered = moved.get(plan)
    if (renumbered === undefined) {
      renumbered = { ...plan, prefer: plan.prefer.map((region) => map.regions[region]).filter((region) => region !== -1) }
      moved.set(plan, renumbered)
    }
    plans[slot] = renumbered
  }
}

function renumberMask(mask: number, regions: Int32Array): number {
  let renumbered = 0
  regions.forEach((to, from) => { if (to !== -1 && mask & (1 << from)) renumbered |= 1 << to })
  return renumbered
}
