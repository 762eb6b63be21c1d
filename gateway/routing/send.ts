// Sending attempts: the first, retries and hedges, with what each costs (attempts of the plan, budget), and the
// evidence of the first request that went to another region.

import { attemptReasons, Effect, failReasons, RequestFlag, type AttemptReason, type FailReason, type RoutePlan } from './core.ts'
import { choice, choose, Standing } from './balance.ts'
import { budgetLeft, spendRetry } from './budget.ts'
import { rowTimes, rowWords } from './columns.ts'
import { emit } from './effects.ts'
import { patienceOf, silenceOf } from './observe.ts'
import { mostSends, tickUs } from './settings.ts'
import { idOf } from './slots.ts'
import { Health, isLink, mix, redirectedAt, Region, servedAt, serviceRow, stateOf, Target, targetOfCell, type State } from './state.ts'
import { armAttempt, Attempt, closeAttempt, closeTicket, openAttempt, Ticket } from './tickets.ts'

const reasonCodes: Record<AttemptReason, number> = { first: 0, retry: 1, hedge: 2, pinned: 3 }
if (attemptReasons.some((reason, code) => reasonCodes[reason] !== code)) throw new Error('attemptReasons and their codes differ')

/** Sends one attempt of a ticket; false when there is no room for it. */
export function sendAttempt(state: State, ticket: number, cell: number, reason: AttemptReason, trial: boolean, nowUs: number): boolean {
  const slot = openAttempt(state, ticket, cell, nowUs)
  if (slot === -1) return false
  const { flights, tables } = state
  const { attempts, tickets } = flights
  const plan = flights.plans[ticket] as RoutePlan
  const target = targetOfCell(tables.cells, cell)
  tickets.words[ticket * rowWords + Ticket.made]++
  if (trial) {
    attempts.words[slot * rowWords + Attempt.trial] = 1
    pauseTrials(state, cell)
  }
  const limitUs = plan.attemptTimeoutUs > 0 ? nowUs + plan.attemptTimeoutUs : Infinity
  attempts.times[slot * rowTimes + Attempt.limitUs] = limitUs
  armAttempt(flights, slot, Math.min(nowUs + patienceOf(state, cell), limitUs))
  emit(state.effects, Effect.Send, idOf(flights.ticketSlots, ticket), idOf(flights.attemptSlots, slot), target, reasonCodes[reason])
  if (nowUs + tickUs < state.nextTickUs) state.nextTickUs = nowUs + tickUs
  if ((tickets.words[ticket * rowWords + Ticket.flags] & (RequestFlag.Pinned | RequestFlag.LocalOnly)) === 0) noteRedirect(state, ticket, target)
  return true
}

/** While one request tries a suspect no other does; its end, whatever it is, sets the next time. */
function pauseTrials(state: State, cell: number): void {
  const { targets, cells } = state.tables
  const target = targetOfCell(cells, cell)
  if (isLink(targets, target)) cells.trialUs[cell] = choice.nowUs + 2 * silenceOf(state, cell)
  else targets.trialUs[target] = choice.nowUs + 2 * silenceOf(state, cell)
}

/** The region that served last is in trouble and another is asked: the moment of decision. */
function noteRedirect(state: State, ticket: number, target: number): void {
  const { tables, flights } = state
  const tickets = flights.tickets.words
  const service = tickets[ticket * rowWords + Ticket.service]
  const region = tables.targets.words[target * rowWords + Target.region]
  const served = tables.services[servedAt(tables, service)]
  if (served === -1 || served === region || tables.services[redirectedAt(tables, service)] === region) return
  if ((tickets[ticket * rowWords + Ticket.mask] & (1 << served)) === 0) return
  const cause = troubleOf(state, service, served)
  if (cause === -1) return
  tables.services[redirectedAt(tables, service)] = region
  emit(state.effects, Effect.Redirect, served, region, 0, cause)
}

/** Cause of the trouble of a service in a region, or -1 when some cell of it there is not in trouble. */
function troubleOf(state: State, service: number, region: number): number {
  const { targets, cells, services, regionState } = state.tables
  const base = serviceRow(state.tables, service) + region
  let cause = -1
  for (let cell = services[base]; cell < services[base + 1]; cell++) {
    const target = targetOfCell(cells, cell)
    if (isTrouble(stateOf(targets, target))) cause = targets.cause[target]
    else if (isTrouble(stateOf(cells, cell))) cause = cells.cause[cell]
    else if (isLink(targets, target) && regionState[region] === Region.draining) cause = targets.cause[target]
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
  const tickets = flights.tickets.words
  const row = ticket * rowWords
  const plan = flights.plans[ticket] as RoutePlan
  const flags = tickets[row + Ticket.flags]
  if (!plan.failover || flags & RequestFlag.Pinned) return false
  if (!free && (flags & RequestFlag.Eligible) === 0) return false
  if (tickets[row + Ticket.made] >= plan.maxAttempts || tickets[row + Ticket.sends] >= mostSends) return false
  if (!free && budgetLeft(state.budget, state.settings, nowUs) < 1) return false
  const cell = chooseElsewhere(state, ticket, plan, reason, worst, nowUs)
  const chosen = cell !== -1 ? cell : againAt(state, failedCell)
  if (chosen === -1 || !sendAttempt(state, ticket, chosen, reason, false, nowUs)) return false
  if (!free) spendRetry(state.budget, state.settings, nowUs)
  return true
}

/** Hedges and last attempts leave the regions that were tried; other retries may take a neighbour of the failed. */
function chooseElsewhere(state: State, ticket: number, plan: RoutePlan, reason: AttemptReason, worst: number, nowUs: number): number {
  const tickets = state.flights.tickets.words
  const row = ticket * rowWords
  choice.plan = plan
  choice.service = tickets[row + Ticket.service]
  choice.mask = tickets[row + Ticket.mask]
  choice.flags = tickets[row + Ticket.flags]
  choice.seed = mix(tickets[row + Ticket.seed] + tickets[row + Ticket.sends])
  choice.ticket = ticket
  choice.worst = worst
  choice.nowUs = nowUs
  const leave = reason === 'hedge' || tickets[row + Ticket.made] + 1 >= plan.maxAttempts
  if (leave) {
    choice.avoid = tickets[row + Ticket.triedRegions]
    const cell = choose(state)
    if (cell !== -1) return cell
  }
  choice.avoid = 0
  return choose(state)
}

function againAt(state: State, cell: number): number {
  if (cell === -1) return -1
  const { targets, cells } = state.tables
  const lost = stateOf(targets, targetOfCell(cells, cell)) === Health.ejected || stateOf(cells, cell) === Health.ejected
  return lost ? -1 : cell
}

/** Abandons one attempt. */
export function cancelAttempt(state: State, slot: number): void {
  const { flights } = state
  const ticket = flights.attempts.words[slot * rowWords + Attempt.ticket]
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
  let slot = tickets.words[ticket * rowWords + Ticket.first]
  while (slot !== -1) {
    const next = attempts.words[slot * rowWords + Attempt.sibling]
    if (slot !== except) cancelAttempt(state, slot)
    slot = next
  }
}

/** Worst standing that a retry may take: what is suspect is better than failing. */
export const retryWorst = Standing.suspect
/** A hedge doubles load, so it goes only where nothing speaks against. */
export const hedgeWorst = Standing.ramping
