// A new snapshot: tables of the new shape are laid, and what is known goes over by key, so that health, latency
// and requests in flight survive any change of configuration. What vanished is forgotten; requests that wait
// for it live on by themselves until they answer, fail or run out of time.

import type { CoreTopology, RoutePlan } from './core.ts'
import { copyRow } from './columns.ts'
import { arm } from './deadlines.ts'
import { rankRegions } from './region.ts'
import { scheduleFirstProbe } from './probing.ts'
import { cellSpec, Health, layTables, pathSamples, refreshActive, targetSpec, type State, type Tables } from './state.ts'
import { detachAttempt, renumberTried } from './tickets.ts'

export function swapTopology(state: State, topology: CoreTopology, nowUs: number): void {
  const before = state.topology
  if (isSame(before, topology)) {
    state.topology = topology
    return
  }
  const old = state.tables
  const fresh = layTables(topology, nowUs, state.allocate)
  const map = mapIndices(before, topology, old, fresh)
  const { attemptSlots, attempts } = state.flights
  for (let slot = 0; slot < attemptSlots.capacity; slot++) {
    if (attemptSlots.live[slot] === 1 && attempts.cell[slot] !== -1 && map.cells[attempts.cell[slot]] === -1) detachAttempt(state, slot)
  }
  carryTargets(old, fresh, map, nowUs)
  carryCells(old, fresh, map)
  carryRegions(old, fresh, map)
  giveBackLatencies(state, old, map)
  state.topology = topology
  state.tables = fresh
  renumberFlights(state, map)
  for (let target = 0; target < fresh.targetCount; target++) refreshActive(fresh.activeTargets, fresh.targets, target)
  for (let cell = 0; cell < fresh.cellCount; cell++) refreshActive(fresh.activeCells, fresh.cells, cell)
  const carried = new Set(map.targets)
  for (let target = 0; target < fresh.targetCount; target++) if (!carried.has(target)) scheduleFirstProbe(state, target, nowUs)
  state.urgentProbes.length = 0
  state.dueProbes.length = 0
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
    const target = targets[old.cells.target[cell]]
    if (service === -1 || target === -1) continue
    const base = service * (after.regions.length + 1) + fresh.targets.region[target]
    for (let at = fresh.groupStart[base]; at < fresh.groupStart[base + 1]; at++) if (fresh.cells.target[at] === target) cells[cell] = at
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
    const region = targets.region[to]
    copyRow(targetSpec, old.targets, from, targets, to)
    targets.region[to] = region
    targets.activeAt[to] = 0
    targets.unhealthyCells[to] = 0
    targets.queued[to] = 0
    arm(fresh.probeTimers, to, old.probeTimers.slot[from] === -1 || targets.state[to] !== Health.healthy ? nowUs : old.probeTimers.dueUs[from])
    for (let sample = 0; sample < pathSamples; sample++) fresh.paths[to * pathSamples + sample] = old.paths[from * pathSamples + sample]
  })
}

function carryCells(old: Tables, fresh: Tables, map: IndexMap): void {
  const { cells, targets } = fresh
  map.cells.forEach((to, from) => {
    if (to === -1) return
    const service = cells.service[to]
    const target = cells.target[to]
    copyRow(cellSpec, old.cells, from, cells, to)
    cells.service[to] = service
    cells.target[to] = target
    cells.activeAt[to] = 0
    if (cells.state[to] !== Health.healthy) targets.unhealthyCells[target]++
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
    const served = old.servedRegion[from]
    const redirected = old.redirectedTo[from]
    fresh.servedRegion[to] = served === -1 ? -1 : map.regions[served]
    fresh.redirectedTo[to] = redirected === -1 ? -1 : map.regions[redirected]
  })
}

function giveBackLatencies(state: State, old: Tables, map: IndexMap): void {
  map.targets.forEach((to, from) => { if (to === -1 && old.targets.latency[from] !== -1) state.latencies.spare.push(old.targets.latency[from]) })
  map.cells.forEach((to, from) => { if (to === -1 && old.cells.latency[from] !== -1) state.latencies.spare.push(old.cells.latency[from]) })
}

function renumberFlights(state: State, map: IndexMap): void {
  const { flights } = state
  const { attempts, attemptSlots, tickets, ticketSlots, plans } = flights
  for (let slot = 0; slot < attemptSlots.capacity; slot++) {
    if (attemptSlots.live[slot] === 0 || attempts.cell[slot] === -1) continue
    attempts.cell[slot] = map.cells[attempts.cell[slot]]
    attempts.target[slot] = map.targets[attempts.target[slot]]
  }
  const moved = new Map<RoutePlan, RoutePlan>()
  for (let slot = 0; slot < ticketSlots.capacity; slot++) {
    const plan = plans[slot]
    if (plan === null) continue
    tickets.service[slot] = tickets.service[slot] === -1 ? -1 : map.services[tickets.service[slot]]
    renumberTried(flights, slot, map.targets)
    if (!map.regionsMoved) continue
    tickets.mask[slot] = renumberMask(tickets.mask[slot], map.regions)
    tickets.triedRegions[slot] = renumberMask(tickets.triedRegions[slot], map.regions)
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
