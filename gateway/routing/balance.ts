// Where a request goes: filter by residency, rank by preference and nearness, spill by healthy share, then the
// less busy of two random choices. Nothing here ever looks at a region outside the request's mask.

import { RequestFlag, type RoutePlan } from './core.ts'
import { rowWords } from './columns.ts'
import { rampShare } from './health.ts'
import { Health, isLink, mix, placeOf, Region, serviceRow, stateOf, Target, targetOfCell, waitingAt, type State, type Tables } from './state.ts'
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
  if (choice.ticket === -1) {
    const cell = chooseWell(state.tables, state.topology.ownRegion)
    if (cell !== -1) return cell
  }
  if (choice.flags & RequestFlag.LocalOnly) {
    order[0] = state.topology.ownRegion
    return order[0] >= 0 && allowed(order[0]) ? spread(state, 1) : -1
  }
  return spread(state, rank(state, choice.plan))
}

/**
 * The common case, without writing down any order: the first region in rank that has the service is wholly well.
 * -1 = it is not, or there is none.
 */
function chooseWell(tables: Tables, ownRegion: number): number {
  const { services, regionOrder } = tables
  const { prefer } = choice.plan
  const base = serviceRow(tables, choice.service)
  const local = (choice.flags & RequestFlag.LocalOnly) !== 0
  const count = local ? 1 : prefer.length + regionOrder.length
  for (let at = 0; at < count; at++) {
    const region = local ? ownRegion : at < prefer.length ? prefer[at] : regionOrder[at - prefer.length]
    if (region < 0 || region >= regionOrder.length || !allowed(region)) continue
    const from = services[base + region]
    const to = services[base + region + 1]
    if (from < to) return allWell(tables, region, from, to) ? lessBusyOfAll(tables, from, to) : -1
  }
  return -1
}

/** Health alone: nothing that recovers, whose standing is by chance. */
function allWell(tables: Tables, region: number, from: number, to: number): boolean {
  const { cells, targets, regionState } = tables
  for (let cell = from; cell < to; cell++) {
    const target = targetOfCell(cells, cell)
    if ((stateOf(targets, target) | stateOf(cells, cell)) !== Health.healthy) return false
    if (regionState[region] === Region.draining && isLink(targets, target)) return false
  }
  return true
}

/** Any cell of one region, whatever its health: pinned requests, and routes without failover. */
export function chooseBlind(state: State, region: number): number {
  const { tables } = state
  const base = serviceRow(tables, choice.service) + region
  return lessBusyOfAll(tables, tables.services[base], tables.services[base + 1])
}

/** First allowed region in rank that has the service, or -1. */
export function nearestRegion(state: State): number {
  const { tables } = state
  const count = rank(state, choice.plan)
  const base = serviceRow(tables, choice.service)
  for (let at = 0; at < count; at++) {
    if (tables.services[base + order[at] + 1] > tables.services[base + order[at]]) return order[at]
  }
  return -1
}

function allowed(region: number): boolean {
  return (choice.mask & ~choice.avoid & (1 << region)) !== 0
}

/** Writes the allowed regions in order: the plan's preference first, then by nearness. */
function rank(state: State, plan: RoutePlan): number {
  const regions = state.tables.regionCount
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

/** Settings may soften ejections: a panic ignores health, a highest ejected share pardons the latest ejected. */
const Lenience = { none: 0, pardon: 1, panic: 2 } as const
let lenient: number = Lenience.none
let pardonAfterUs = Infinity

function spread(state: State, count: number): number {
  const { services } = state.tables
  const base = serviceRow(state.tables, choice.service)
  lenient = Lenience.none
  if (state.settings.panicShare > 0 || state.settings.maxEjectedShare < 1) soften(state, count, base)
  let roll = unit(2)
  let first = -1
  for (let at = 0; at < count; at++) {
    const from = services[base + order[at]]
    const to = services[base + order[at] + 1]
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
  if (first !== -1) return lessBusy(state, services[base + order[first]], services[base + order[first] + 1], Standing.usable)
  for (let worst: number = Standing.ramping; worst <= choice.worst; worst++) {
    for (let at = 0; at < count; at++) {
      const cell = lessBusy(state, services[base + order[at]], services[base + order[at] + 1], worst)
      if (cell !== -1) return cell
    }
  }
  return -1
}

function leftOut(state: State, cell: number): boolean {
  return choice.ticket !== -1 && hasTried(state.flights, choice.ticket, targetOfCell(state.tables.cells, cell))
}

/** The worse of link and service counts; a drained region stands as a suspect at best. */
export function standing(state: State, cell: number): number {
  const { tables } = state
  const target = targetOfCell(tables.cells, cell)
  const ofTarget = stateOf(tables.targets, target)
  const ofCell = stateOf(tables.cells, cell)
  const ofRegion = isLink(tables.targets, target) ? tables.regionState[regionOf(tables, target)] : Region.serving
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

function regionOf({ targets }: Tables, target: number): number {
  return targets.words[target * rowWords + Target.region]
}

function ejectedAt(state: State, cell: number): number {
  const { targets, cells } = state.tables
  const target = targetOfCell(cells, cell)
  const ofTarget = stateOf(targets, target) === Health.ejected ? targets.ejectedUs[target] : Infinity
  return Math.min(ofTarget, stateOf(cells, cell) === Health.ejected ? cells.ejectedUs[cell] : Infinity)
}

/** Counts over the whole allowed set, because both settings are shares of it. */
function soften(state: State, count: number, base: number): void {
  const { services } = state.tables
  const ejected: number[] = []
  let total = 0
  let usable = 0
  for (let at = 0; at < count; at++) {
    for (let cell = services[base + order[at]]; cell < services[base + order[at] + 1]; cell++) {
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
  const { targets, cells, regionState } = state.tables
  const target = targetOfCell(cells, cell)
  const place = placeOf(state.tables, cell)
  if (place >= 0) {
    return stateOf(targets, target) === Health.suspect && targets.probing[target] === 0 && waitingAt(targets, target) === 0
      && choice.nowUs >= targets.trialUs[target]
  }
  const alive = stateOf(targets, target) === Health.healthy && regionState[regionOf(state.tables, target)] !== Region.draining
  return alive && stateOf(cells, cell) === Health.suspect && waitingAt(cells, cell) === 0 && choice.nowUs >= cells.trialUs[cell]
}

/** Of two random cells the one with fewer requests in flight; -1 when there is none. */
function lessBusyOfAll(tables: Tables, from: number, to: number): number {
  const count = to - from
  if (count <= 1) return count === 1 ? from : -1
  const one = Math.floor(unit(4) * count)
  const other = (one + stepOf(count)) % count
  return lessBusyOf(tables, from + one, from + other)
}

/** The same among the cells with the wanted standing. */
function lessBusy(state: State, from: number, to: number, wanted: number): number {
  let count = 0
  let only = -1
  for (let cell = from; cell < to; cell++) {
    if (!fits(state, cell, wanted)) continue
    count++
    only = cell
  }
  if (count <= 1) return only
  const one = Math.floor(unit(4) * count)
  const other = (one + stepOf(count)) % count
  return lessBusyOf(state.tables, nth(state, from, wanted, one), nth(state, from, wanted, other))
}

function stepOf(count: number): number {
  return 1 + Math.floor(unit(5) * (count - 1))
}

function lessBusyOf({ cells, targets }: Tables, one: number, other: number): number {
  const ofOne = targets.words[targetOfCell(cells, one) * rowWords + Target.inFlight]
  const ofOther = targets.words[targetOfCell(cells, other) * rowWords + Target.inFlight]
  return ofOther < ofOne ? other : one
}

function nth(state: State, from: number, wanted: number, index: number): number {
  let cell = from
  for (let left = index; ; cell++) {
    if (fits(state, cell, wanted) && left-- === 0) return cell
  }
}

function fits(state: State, cell: number, wanted: number): boolean {
  return !leftOut(state, cell) && standing(state, cell) === wanted
}

/** Random number in [0, 1) number `which` of this request. */
function unit(which: number): number {
  return mix(choice.seed + Math.imul(which, 0x9e3779b1)) / 4_294_967_296
}
