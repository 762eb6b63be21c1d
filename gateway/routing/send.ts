// Sending attempts: the first, retries and hedges, with what each costs (attempts of the plan, budget), and the
// evidence of the first request that went to another region.

import { attemptReasons, Effect, failReasons, RequestFlag, type AttemptReason, type FailReason, type RoutePlan } from './core.ts'
import { choice, choose, Standing } from './balance.ts'
import { budgetLeft, spendRetry } from './budget.ts'
import { arm } from './deadlines.ts'
import { emit } from './effects.ts'
import { patienceOf, silenceOf } from './observe.ts'
import { mostSends, tickUs } from './settings.ts'
import { idOf } from './slots.ts'
import { Health, mix, Region, type State } from './state.ts'
import { closeAttempt, closeTicket, openAttempt } from './tickets.ts'

const reasonCodes: Record<AttemptReason, number> = { first: 0, retry: 1, hedge: 2, pinned: 3 }
if (attemptReasons.some((reason, code) => reasonCodes[reason] !== code)) throw new Error('attemptReasons and their codes differ')

/** Sends one attempt of a ticket; false when there is no room for it. */
export function sendAttempt(state: State, ticket: number, cell: number, reason: AttemptReason, trial: boolean, nowUs: number): boolean {
  const slot = openAttempt(state, ticket, cell, nowUs)
  if (slot === -1) return false
  const { flights, tables } = state
  const { attempts, tickets } = flights
  const plan = flights.plans[ticket] as RoutePlan
  const target = tables.cells.target[cell]
  tickets.made[ticket]++
  attempts.trial[slot] = trial ? 1 : 0
  if (trial) pauseTrials(state, cell)
  if (plan.attemptTimeoutUs > 0) attempts.limitUs[slot] = nowUs + plan.attemptTimeoutUs
  arm(flights.attemptTimers, slot, Math.min(nowUs + patienceOf(state, cell), attempts.limitUs[slot]))
  emit(state.effects, Effect.Send, idOf(flights.ticketSlots, ticket), idOf(flights.attemptSlots, slot), target, reasonCodes[reason])
  if (nowUs + tickUs < state.nextTickUs) state.nextTickUs = nowUs + tickUs
  if ((tickets.flags[ticket] & (RequestFlag.Pinned | RequestFlag.LocalOnly)) === 0) noteRedirect(state, ticket, target)
  return true
}

/** While one request tries a suspect no other does; its end, whatever it is, sets the next time. */
function pauseTrials(state: State, cell: number): void {
  const { targets, cells } = state.tables
  const target = cells.target[cell]
  if (targets.link[target] === 1) cells.trialUs[cell] = choice.nowUs + 2 * silenceOf(state, cell)
  else targets.trialUs[target] = choice.nowUs + 2 * silenceOf(state, cell)
}

/** The region that served last is in trouble and another is asked: the moment of decision. */
function noteRedirect(state: State, ticket: number, target: number): void {
  const { tables, flights } = state
  const service = flights.tickets.service[ticket]
  const region = tables.targets.region[target]
  const served = tables.servedRegion[service]
  if (served === -1 || served === region || tables.redirectedTo[service] === region) return
  if ((flights.tickets.mask[ticket] & (1 << served)) === 0) return
  const cause = troubleOf(state, service, served)
  if (cause === -1) return
  tables.redirectedTo[service] = region
  emit(state.effects, Effect.Redirect, served, region, 0, cause)
}

/** Cause of the trouble of a service in a region, or -1 when some cell of it there is not in trouble. */
function troubleOf(state: State, service: number, region: number): number {
  const { targets, cells, groupStart, regionState } = state.tables
  const base = service * (state.topology.regions.length + 1) + region
  let cause = -1
  for (let cell = groupStart[base]; cell < groupStart[base + 1]; cell++) {
    const target = cells.target[cell]
    if (isTrouble(targets.state[target])) cause = targets.cause[target]
    else if (isTrouble(cells.state[cell])) cause = cells.cause[cell]
    else if (targets.link[target] === 1 && regionState[region] === Region.draining) cause = targets.cause[target]
    else return -1
  }
  return cause
}

function isTrouble(health: number): boolean {
  return health === Health.suspect || health === Health.ejected
}

/**
 * Sends a ticket elsewhere, when its plan, its attempts and the budget allow and somewhere is left. `free`: the
 * request never reached a service, so it costs no budget and need not be eligible. `failedCell` may be asked
 * again when nothing else is left (a pooled connection that its peer had closed), -1 otherwise.
 */
export function sendElsewhere(
  state: State, ticket: number, reason: AttemptReason, free: boolean, worst: number, failedCell: number, nowUs: number,
): boolean {
  const { flights } = state
  const { tickets } = flights
  const plan = flights.plans[ticket] as RoutePlan
  const flags = tickets.flags[ticket]
  if (!plan.failover || flags & RequestFlag.Pinned) return false
  if (!free && (flags & RequestFlag.Eligible) === 0) return false
  if (tickets.made[ticket] >= plan.maxAttempts || tickets.sends[ticket] >= mostSends) return false
  if (!free && budgetLeft(state.budget, state.settings, nowUs) < 1) return false
  const cell = chooseElsewhere(state, ticket, plan, reason, worst, nowUs)
  const chosen = cell !== -1 ? cell : againAt(state, failedCell)
  if (chosen === -1 || !sendAttempt(state, ticket, chosen, reason, false, nowUs)) return false
  if (!free) spendRetry(state.budget, state.settings, nowUs)
  return true
}

/** Hedges and last attempts leave the regions that were tried; other retries may take a neighbour of the failed. */
function chooseElsewhere(state: State, ticket: number, plan: RoutePlan, reason: AttemptReason, worst: number, nowUs: number): number {
  const { tickets } = state.flights
  choice.plan = plan
  choice.service = tickets.service[ticket]
  choice.mask = tickets.mask[ticket]
  choice.flags = tickets.flags[ticket]
  choice.seed = mix(tickets.seed[ticket] + tickets.sends[ticket])
  choice.ticket = ticket
  choice.worst = worst
  choice.nowUs = nowUs
  const leave = reason === 'hedge' || tickets.made[ticket] + 1 >= plan.maxAttempts
  if (leave) {
    choice.avoid = tickets.triedRegions[ticket]
    const cell = choose(state)
    if (cell !== -1) return cell
  }
  choice.avoid = 0
  return choose(state)
}

function againAt(state: State, cell: number): number {
  if (cell === -1) return -1
  const { targets, cells } = state.tables
  const lost = targets.state[cells.target[cell]] === Health.ejected || cells.state[cell] === Health.ejected
  return lost ? -1 : cell
}

/** Abandons one attempt. */
export function cancelAttempt(state: State, slot: number): void {
  const { flights } = state
  const ticket = flights.attempts.ticket[slot]
  emit(state.effects, Effect.Cancel, idOf(flights.ticketSlots, ticket), idOf(flights.attemptSlots, slot), 0, 0)
  closeAttempt(state, slot)
}

/** Ends a ticket without an answer from upstream. */
export function failTicket(state: State, ticket: number, reason: FailReason): void {
  cancelAll(state, ticket)
  emit(state.effects, Effect.Fail, idOf(state.flights.ticketSlots, ticket), failReasons.indexOf(reason), 0, 0)
  closeTicket(state, ticket)
}

/** Abandons every attempt of a ticket, or all but one. */
export function cancelAll(state: State, ticket: number, except = -1): void {
  const { attempts, tickets } = state.flights
  let slot = tickets.first[ticket]
  while (slot !== -1) {
    const next = attempts.sibling[slot]
    if (slot !== except) cancelAttempt(state, slot)
    slot = next
  }
}

/** Worst standing that a retry may take: what is suspect is better than failing. */
export const retryWorst = Standing.suspect
/** A hedge doubles load, so it goes only where nothing speaks against. */
export const hedgeWorst = Standing.ramping
