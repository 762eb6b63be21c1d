// Where a request goes: filter by residency, rank by preference and nearness, spill by healthy share, then the
// less busy of two random choices. Nothing here ever looks at a region outside the request's mask.

import { RequestFlag, type RoutePlan } from './core.ts'
import { rampShare } from './health.ts'
import { Health, mix, placeOf, Region, type State } from './state.ts'
import { hasTried } from './tickets.ts'

/** How a cell stands for one request; lower is better. */
export const Standing = { usable: 0, ramping: 1, suspect: 2, ejected: 3 } as const

/** What is asked for, and the answer. One object for all cores, filled anew for each question: a call holds no other. */
export interface Choice {
  plan: RoutePlan
  service: number
  mask: number
  flags: number
  seed: number
  /** Ticket whose tried targets are left out, or -1. */
  ticket: number
  /** Regions left out. */
  avoid: number
  /** Worst standing that may be taken. */
  worst: number
  nowUs: number
  /** Set with the answer: the chosen suspect is asked to find out whether it lives. */
  trial: boolean
}

const noPlan: RoutePlan = {
  services: new Int32Array(0), cumulativeWeights: new Float64Array(0), regionMask: 0, failover: false, prefer: new Int32Array(0),
  maxAttempts: 1, requestTimeoutUs: 0, attemptTimeoutUs: 0,
}

export const choice: Choice = {
  plan: noPlan, service: -1, mask: 0, flags: 0, seed: 0, ticket: -1, avoid: 0, worst: Standing.suspect, nowUs: 0, trial: false,
}

const order = new Int32Array(32)

/** The chosen cell, or -1 when none may be taken. Reads `choice`. */
export function choose(state: State): number {
  choice.trial = false
  if (choice.service < 0) return -1
  const regions = state.topology.regions.length
  if (choice.flags & RequestFlag.LocalOnly) {
    order[0] = state.topology.ownRegion
    return order[0] >= 0 && allowed(order[0]) ? spread(state, 1, regions) : -1
  }
  return spread(state, rank(state, choice.plan, regions), regions)
}

/** Any cell of one region, whatever its health: pinned requests, and routes without failover. */
export function chooseBlind(state: State, region: number): number {
  const width = state.topology.regions.length + 1
  const base = choice.service * width + region
  const from = state.tables.groupStart[base]
  return lessBusy(state, from, state.tables.groupStart[base + 1], -1)
}

/** First allowed region in rank that has the service, or -1. */
export function nearestRegion(state: State): number {
  const regions = state.topology.regions.length
  const count = rank(state, choice.plan, regions)
  const base = choice.service * (regions + 1)
  for (let at = 0; at < count; at++) {
    if (state.tables.groupStart[base + order[at] + 1] > state.tables.groupStart[base + order[at]]) return order[at]
  }
  return -1
}

function allowed(region: number): boolean {
  return (choice.mask & ~choice.avoid & (1 << region)) !== 0
}

/** Writes the allowed regions in order: the plan's preference first, then by nearness. */
function rank(state: State, plan: RoutePlan, regions: number): number {
  let count = 0
  let taken = 0
  for (let at = 0; at < plan.prefer.length; at++) {
    const region = plan.prefer[at]
    if (region >= regions || !allowed(region) || taken & (1 << region)) continue
    taken |= 1 << region
    order[count++] = region
  }
  for (let at = 0; at < regions; at++) {
    const region = state.tables.regionOrder[at]
    if (allowed(region) && (taken & (1 << region)) === 0) order[count++] = region
  }
  return count
}

function spread(state: State, count: number, regions: number): number {
  const groupStart = state.tables.groupStart
  const base = choice.service * (regions + 1)
  lenient = Lenience.none
  // The common case: the first region that has the service is wholly well.
  for (let at = 0; at < count && choice.ticket === -1; at++) {
    const from = groupStart[base + order[at]]
    const to = groupStart[base + order[at] + 1]
    if (from === to) continue
    if (!allWell(state, from, to)) break
    return lessBusy(state, from, to, Standing.usable)
  }
  return spreadUnwell(state, count, base)
}

function allWell(state: State, from: number, to: number): boolean {
  for (let cell = from; cell < to; cell++) if (standing(state, cell) !== Standing.usable) return false
  return true
}

/** Settings may soften ejections: a panic ignores health, a highest ejected share pardons the latest ejected. */
const Lenience = { none: 0, pardon: 1, panic: 2 } as const
let lenient: number = Lenience.none
let pardonAfterUs = Infinity

function spreadUnwell(state: State, count: number, base: number): number {
  const { groupStart } = state.tables
  if (state.settings.panicShare > 0 || state.settings.maxEjectedShare < 1) soften(state, count, base)
  let roll = unit(2)
  let first = -1
  for (let at = 0; at < count; at++) {
    const from = groupStart[base + order[at]]
    const to = groupStart[base + order[at] + 1]
    let candidates = 0
    let usable = 0
    for (let cell = from; cell < to; cell++) {
      if (leftOut(state, cell)) continue
      candidates++
      if (standing(state, cell) === Standing.usable) usable++
      else if (mayTry(state, cell)) {
        choice.trial = true
        return cell
      }
    }
    if (usable === 0) continue
    if (first === -1) first = at
    // Retries do not spread: they want the best that is left.
    const share = choice.ticket === -1 ? Math.min(1, (state.settings.overprovisioning * usable) / candidates) : 1
    if (roll < share) return lessBusy(state, from, to, Standing.usable)
    roll = (roll - share) / (1 - share)
  }
  if (first !== -1) return lessBusy(state, groupStart[base + order[first]], groupStart[base + order[first] + 1], Standing.usable)
  for (let worst: number = Standing.ramping; worst <= choice.worst; worst++) {
    for (let at = 0; at < count; at++) {
      const cell = lessBusy(state, groupStart[base + order[at]], groupStart[base + order[at] + 1], worst)
      if (cell !== -1) return cell
    }
  }
  return -1
}

function leftOut(state: State, cell: number): boolean {
  return choice.ticket !== -1 && hasTried(state.flights, choice.ticket, state.tables.cells.target[cell])
}

/** The worse of link and service counts; a drained region stands as a suspect at best. */
export function standing(state: State, cell: number): number {
  const { tables } = state
  const target = tables.cells.target[cell]
  const ofTarget = tables.targets.state[target]
  const ofCell = tables.cells.state[cell]
  const ofRegion = tables.targets.link[target] === 1 ? tables.regionState[tables.targets.region[target]] : Region.serving
  if ((ofTarget | ofCell) === Health.healthy && ofRegion !== Region.draining) return Standing.usable
  if (lenient === Lenience.panic) return Standing.usable
  if (ofTarget === Health.ejected || ofCell === Health.ejected) {
    return lenient === Lenience.pardon && ejectedAt(state, cell) >= pardonAfterUs ? Standing.usable : Standing.ejected
  }
  if (ofTarget === Health.suspect || ofCell === Health.suspect || ofRegion === Region.draining) return Standing.suspect
  const roll = unit(3)
  if (ofTarget === Health.recovering && roll >= rampShare(state, target, choice.nowUs)) return Standing.ramping
  if (ofCell === Health.recovering && roll >= rampShare(state, ~cell, choice.nowUs)) return Standing.ramping
  return Standing.usable
}

function ejectedAt(state: State, cell: number): number {
  const { targets, cells } = state.tables
  const target = cells.target[cell]
  const ofTarget = targets.state[target] === Health.ejected ? targets.ejectedUs[target] : Infinity
  return Math.min(ofTarget, cells.state[cell] === Health.ejected ? cells.ejectedUs[cell] : Infinity)
}

/** Counts over the whole allowed set, because both settings are shares of it. */
function soften(state: State, count: number, base: number): void {
  const { groupStart } = state.tables
  const ejected: number[] = []
  let total = 0
  let usable = 0
  for (let at = 0; at < count; at++) {
    for (let cell = groupStart[base + order[at]]; cell < groupStart[base + order[at] + 1]; cell++) {
      const now = standing(state, cell)
      total++
      if (now === Standing.usable) usable++
      if (now === Standing.ejected) ejected.push(ejectedAt(state, cell))
    }
  }
  const may = Math.floor(state.settings.maxEjectedShare * total)
  if (usable < state.settings.panicShare * total) lenient = Lenience.panic
  else if (ejected.length > may) {
    lenient = Lenience.pardon
    pardonAfterUs = ejected.sort((a, b) => a - b)[may]
  }
}

/** One eligible request may find out whether a suspect that nobody asks any more has come back. */
function mayTry(state: State, cell: number): boolean {
  if (choice.ticket !== -1 || (choice.flags & RequestFlag.Eligible) === 0) return false
  const { targets, cells } = state.tables
  const target = cells.target[cell]
  const place = placeOf(state.tables, cell)
  if (place >= 0) {
    return targets.state[target] === Health.suspect && targets.probing[target] === 0 && targets.waiting[target] === 0 && choice.nowUs >= targets.trialUs[target]
  }
  const alive = targets.state[target] === Health.healthy && state.tables.regionState[targets.region[target]] !== Region.draining
  return alive && cells.state[cell] === Health.suspect && cells.waiting[cell] === 0 && choice.nowUs >= cells.trialUs[cell]
}

/** Of two random cells with the wanted standing (-1 = any) the one with fewer requests in flight; -1 when none has it. */
function lessBusy(state: State, from: number, to: number, wanted: number): number {
  let count = 0
  let only = -1
  for (let cell = from; cell < to; cell++) {
    if (!fits(state, cell, wanted)) continue
    count++
    only = cell
  }
  if (count <= 1) return only
  const one = nth(state, from, wanted, Math.floor(unit(4) * count))
  const step = 1 + Math.floor(unit(5) * (count - 1))
  const other = nth(state, from, wanted, (Math.floor(unit(4) * count) + step) % count)
  const { cells, targets } = state.tables
  return targets.inFlight[cells.target[other]] < targets.inFlight[cells.target[one]] ? other : one
}

function nth(state: State, from: number, wanted: number, index: number): number {
  let cell = from
  for (let left = index; ; cell++) {
    if (fits(state, cell, wanted) && left-- === 0) return cell
  }
}

function fits(state: State, cell: number, wanted: number): boolean {
  return wanted === -1 || (!leftOut(state, cell) && standing(state, cell) === wanted)
}

/** Random number in [0, 1) number `which` of this request. */
function unit(which: number): number {
  return mix(choice.seed + Math.imul(which, 0x9e3779b1)) / 4_294_967_296
}
