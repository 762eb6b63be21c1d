// State of whole regions, and their rank. A shared hop is not one host: when every link of a region is lost,
// or more than half of its services that carry traffic, the region as a whole is drained. Rank is by measured
// round trip of probes, which holds no service's own time, and changes only when another is clearly nearer.

import { Effect } from './core.ts'
import { rowTimes } from './columns.ts'
import { emit } from './effects.ts'
import { causeCode } from './health.ts'
import { nearerShare, nearerUs, trafficUs } from './settings.ts'
import { Cell, Health, isLink, pathSamples, priorOf, Region, stateOf, type State } from './state.ts'

/** Evaluates regions whose targets changed; with `cellsToo` also those where only cells did (once a tick). */
export function judgeRegions(state: State, cellsToo: boolean, nowUs: number): void {
  const { regionDirty } = state.tables
  state.anyRegionDirty = false
  for (let region = 0; region < regionDirty.length; region++) {
    const dirty = regionDirty[region]
    if (dirty === 0) continue
    if (dirty === 1 && !cellsToo) {
      state.anyRegionDirty = true
      continue
    }
    regionDirty[region] = 0
    judgeRegion(state, region, nowUs)
  }
}

function judgeRegion(state: State, region: number, nowUs: number): void {
  const { tables } = state
  const now = tables.regionState[region]
  const found = survey(state, region, nowUs)
  // Once drained, a region carries no traffic: its weight is what it was then.
  const weight = now === Region.draining ? Math.max(found.weight, tables.regionWeight[region]) : found.weight
  const lost = found.linksLost || found.lost * 2 > weight
  if (lost && now !== Region.draining) {
    tables.regionWeight[region] = found.weight
    become(state, region, Region.draining, found.linksLost ? found.cause : causeCode('region-lost'))
    for (let at = tables.regionTargetStart[region]; at < tables.regionTargetStart[region + 1]; at++) {
      const target = tables.regionTargets[at]
      if (stateOf(tables.targets, target) !== Health.ejected) emit(state.effects, Effect.Drain, target, 0, 0, 0)
    }
  } else if (!lost && now === Region.draining) become(state, region, Region.recovering, causeCode('probe-succeeded'))
  if (!lost && tables.regionState[region] === Region.recovering && !found.ramping) {
    become(state, region, Region.serving, causeCode('region-recovered'))
  }
}

function become(state: State, region: number, next: number, cause: number): void {
  state.tables.regionState[region] = next
  emit(state.effects, Effect.RegionState, region, next, 0, cause)
}

interface Survey { linksLost: boolean; lost: number; weight: number; ramping: boolean; cause: number }

/** Counts what a region has, carries and lost. An endpoint's cells are lost with the endpoint. */
function survey(state: State, region: number, nowUs: number): Survey {
  const { targets, cells, regionTargets, regionTargetStart, targetCells, targetCellStart } = state.tables
  const found: Survey = { linksLost: false, lost: 0, weight: 0, ramping: false, cause: 0 }
  let links = 0
  let linksLost = 0
  for (let at = regionTargetStart[region]; at < regionTargetStart[region + 1]; at++) {
    const target = regionTargets[at]
    const link = isLink(targets, target)
    const targetLost = stateOf(targets, target) === Health.ejected
    found.ramping ||= stateOf(targets, target) === Health.recovering
    if (link) links++
    if (link && targetLost) {
      linksLost++
      found.cause = targets.cause[target]
    }
    for (let of = targetCellStart[target]; of < targetCellStart[target + 1]; of++) {
      const cell = targetCells[of]
      const lost = link ? stateOf(cells, cell) === Health.ejected : targetLost
      found.ramping ||= stateOf(cells, cell) === Health.recovering
      if (lost) found.lost++
      if (lost || nowUs - cells.times[cell * rowTimes + Cell.sentUs] < trafficUs) found.weight++
    }
  }
  found.linksLost = links > 0 && linksLost === links
  return found
}

/** A probe's round trip: keeps the last eight, their median (rank) and longest (timeouts). */
export function measurePath(state: State, target: number, elapsedUs: number): void {
  const { targets, paths } = state.tables
  const base = target * pathSamples
  paths[base + (targets.pathCount[target]++ % pathSamples)] = elapsedUs
  const count = Math.min(pathSamples, targets.pathCount[target])
  sortInto(kept, paths, base, count)
  targets.pathP50Us[target] = kept[count >> 1]
  targets.pathMaxUs[target] = kept[count - 1]
  if (isLink(targets, target)) rankRegions(state)
}

const kept = new Float64Array(pathSamples)

/** By insertion: of eight samples, and without a new array a probe. */
function sortInto(sorted: Float64Array, from: Float64Array, base: number, count: number): void {
  for (let at = 0; at < count; at++) {
    const value = from[base + at]
    let hole = at
    for (; hole > 0 && sorted[hole - 1] > value; hole--) sorted[hole] = sorted[hole - 1]
    sorted[hole] = value
  }
}

/** Latency that a region is ranked by: its nearest link's median, the prior until three probes came back. */
function nearness(state: State, region: number): number {
  const { targets, regionTargets, regionTargetStart } = state.tables
  if (region === state.topology.ownRegion) return -Infinity
  let nearest = Infinity
  for (let at = regionTargetStart[region]; at < regionTargetStart[region + 1]; at++) {
    const target = regionTargets[at]
    if (isLink(targets, target) && targets.pathCount[target] >= 3) nearest = Math.min(nearest, targets.pathP50Us[target])
  }
  return nearest === Infinity ? priorOf(state.topology, region) : nearest
}

/** Neighbours in rank change places only when the farther is nearer by 20 % and by 5 ms: noise must not flap. */
export function rankRegions(state: State): void {
  const order = state.tables.regionOrder
  for (let pass = 0; pass < order.length; pass++) {
    let changed = false
    for (let at = 0; at + 1 < order.length; at++) {
      const ahead = nearness(state, order[at])
      const behind = nearness(state, order[at + 1])
      if (behind >= ahead * nearerShare || behind > ahead - nearerUs) continue
      const moved = order[at]
      order[at] = order[at + 1]
      order[at + 1] = moved
      changed = true
    }
    if (!changed) return
  }
}
