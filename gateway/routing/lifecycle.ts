// The life of one request: it arrives, heads come, attempts end, its client leaves; what time ends is in expiry.ts.
// Each ticket ends exactly once: an accepted response that finished, a Fail, or an abandonment.

import { Effect, failReasons, RequestFlag, type AttemptEnding, type FailReason, type RoutePlan } from './core.ts'
import { choice, choose, chooseBlind, nearestRegion, Standing } from './balance.ts'
import { countRequest } from './budget.ts'
import { rowTimes, rowWords } from './columns.ts'
import { emit } from './effects.ts'
import { connectionFailed, observeHead } from './observe.ts'
import { cancelAll, cancelAttempt, failTicket, retryWorst, sendAttempt, sendElsewhere } from './send.ts'
import { defaultRequestTimeoutUs } from './settings.ts'
import { idOf, resolveSlot } from './slots.ts'
import { redirectedAt, servedAt, Target, targetOfCell, type State } from './state.ts'
import { Attempt, closeAttempt, closeTicket, openTicket, stopWaiting, Ticket } from './tickets.ts'

/** Takes a request in; returns its ticket, or -1 after a Fail. */
export function takeRequest(state: State, plan: RoutePlan, flags: number, random: number, pin: number, nowUs: number): number {
  const service = pickService(plan, random)
  const seed = (random * 4_294_967_296) >>> 0
  const pinned = (flags & RequestFlag.Pinned) !== 0
  if (!pinned) countRequest(state.budget, state.settings, nowUs)
  choice.plan = plan
  choice.service = service
  choice.mask = plan.regionMask
  choice.flags = flags
  choice.seed = seed
  choice.ticket = -1
  choice.avoid = 0
  choice.worst = Standing.suspect
  choice.nowUs = nowUs
  choice.trial = false
  const cell = service === -1 ? -1 : pinned ? choosePinned(state, pin) : plan.failover ? choose(state) : chooseFixed(state)
  if (cell === -1) return refuse(state, whyNone(state, plan, service, flags, pin))
  const trial = choice.trial
  const dueUs = nowUs + (plan.requestTimeoutUs > 0 ? plan.requestTimeoutUs : defaultRequestTimeoutUs)
  const ticket = openTicket(state, plan, service, plan.regionMask, flags, seed, dueUs)
  if (ticket === -1) return refuse(state, 'capacity')
  const id = idOf(state.flights.ticketSlots, ticket)
  if (!sendAttempt(state, ticket, cell, pinned ? 'pinned' : 'first', trial, nowUs)) {
    closeTicket(state, ticket)
    return refuse(state, 'capacity')
  }
  return id
}

function pickService(plan: RoutePlan, random: number): number {
  if (plan.only !== undefined && plan.only >= 0) return plan.only
  const { services, cumulativeWeights } = plan
  if (services.length <= 1) return services.length === 1 ? services[0] : -1
  const point = random * 4_294_967_296
  for (let at = 0; at < services.length; at++) if (point < cumulativeWeights[at]) return services[at]
  return services[services.length - 1]
}

function choosePinned(state: State, pin: number): number {
  if (pin < 0 || pin >= state.topology.regions.length || (choice.mask & (1 << pin)) === 0) return -1
  if (choice.flags & RequestFlag.LocalOnly && pin !== state.topology.ownRegion) return -1
  return chooseBlind(state, pin)
}

/** Policy off: the nearest allowed region, whatever its health. */
function chooseFixed(state: State): number {
  const own = state.topology.ownRegion
  if (choice.flags & RequestFlag.LocalOnly) return own >= 0 && choice.mask & (1 << own) ? chooseBlind(state, own) : -1
  const region = nearestRegion(state)
  return region === -1 ? -1 : chooseBlind(state, region)
}

function whyNone(state: State, plan: RoutePlan, service: number, flags: number, pin: number): FailReason {
  const own = state.topology.ownRegion
  if (flags & RequestFlag.Pinned && pin >= 0) return (plan.regionMask & (1 << pin)) === 0 ? 'residency' : 'no-healthy-target'
  if (flags & RequestFlag.LocalOnly && own >= 0) return (plan.regionMask & (1 << own)) === 0 ? 'residency' : 'no-healthy-target'
  if (plan.regionMask === 0) return 'residency'
  const offered = service === -1 ? [] : state.topology.services[service].targets
  const lawful = offered.some((target) => (plan.regionMask & (1 << state.topology.targets[target].region)) !== 0)
  return offered.length > 0 && !lawful ? 'residency' : 'no-healthy-target'
}

function refuse(state: State, reason: FailReason): number {
  emit(state.effects, Effect.Fail, -1, failReasons.indexOf(reason), 0, 0)
  return -1
}

/** A response head: accepted, unless it is a failure that another place may mend. */
export function takeHead(state: State, id: number, status: number, fromGateway: boolean, nowUs: number): void {
  const { flights, tables } = state
  const slot = resolveSlot(flights.attemptSlots, id)
  if (slot === -1) return
  const attempts = flights.attempts.words
  const row = slot * rowWords
  if (attempts[row + Attempt.waiting] === 0) return
  const ticket = attempts[row + Attempt.ticket]
  const cell = attempts[row + Attempt.cell]
  if (cell !== -1) observeHead(state, cell, status, fromGateway, flights.attempts.times[slot * rowTimes + Attempt.sentUs], nowUs)
  if ((fromGateway || (isWorthRetrying(status) && !state.settings.meshOwnsServices)) && passOver(state, slot, ticket, fromGateway, nowUs)) return
  const tickets = flights.tickets.words
  const ticketRow = ticket * rowWords
  tickets[ticketRow + Ticket.accepted] = 1
  emit(state.effects, Effect.Accept, idOf(flights.ticketSlots, ticket), id, 0, 0)
  if (tickets[ticketRow + Ticket.live] > 1) cancelAll(state, ticket, slot)
  stopWaiting(state, slot)
  if (cell === -1 || tickets[ticketRow + Ticket.flags] & (RequestFlag.Pinned | RequestFlag.LocalOnly)) return
  const service = tickets[ticketRow + Ticket.service]
  tables.services[servedAt(tables, service)] = tables.targets.words[targetOfCell(tables.cells, cell) * rowWords + Target.region]
  tables.services[redirectedAt(tables, service)] = -1
}

/** 501 and 505 are answers about the request itself: nobody else would answer otherwise. */
function isWorthRetrying(status: number): boolean {
  return status >= 500 && status !== 501 && status !== 505
}

/** Drops a failed response because a sibling is out or another attempt could be sent; false = forward it. */
function passOver(state: State, slot: number, ticket: number, neverSent: boolean, nowUs: number): boolean {
  const row = ticket * rowWords
  if (neverSent) state.flights.tickets.words[row + Ticket.made]--
  const mended = state.flights.tickets.words[row + Ticket.live] > 1 || sendElsewhere(state, ticket, 'retry', neverSent, retryWorst, -1, nowUs)
  if (!mended) return false
  if (!neverSent) state.flights.tickets.words[row + Ticket.left] = 1
  cancelAttempt(state, slot)
  return true
}

/** An attempt is over. */
export function takeEnding(state: State, id: number, ending: AttemptEnding, sent: boolean, nowUs: number): void {
  const { flights } = state
  const slot = resolveSlot(flights.attemptSlots, id)
  if (slot === -1) return
  const attempts = flights.attempts.words
  const row = slot * rowWords
  const ticket = attempts[row + Attempt.ticket]
  const cell = attempts[row + Attempt.cell]
  const waited = attempts[row + Attempt.waiting] === 1
  const cause = ending === 'complete' ? (waited ? 'closed' : null) : ending === 'cancelled' ? null : ending
  if (cause !== null && cell !== -1) connectionFailed(state, attempts[row + Attempt.target], cause, nowUs)
  if (!waited) {
    closeAttempt(state, slot)
    return closeTicket(state, ticket)
  }
  const tickets = flights.tickets.words
  if (sent) tickets[ticket * rowWords + Ticket.left] = 1
  else tickets[ticket * rowWords + Ticket.made]--
  closeAttempt(state, slot)
  goOn(state, ticket, !sent, cell, ending === 'timeout' ? 'upstream-timeout' : 'upstream-failed', nowUs)
}

/** After the loss of an attempt: a sibling may still answer, another place may be asked, or the request fails. */
export function goOn(state: State, ticket: number, neverSent: boolean, failedCell: number, otherwise: FailReason, nowUs: number): void {
  if (state.flights.tickets.words[ticket * rowWords + Ticket.live] > 0) return
  if (sendElsewhere(state, ticket, 'retry', neverSent, retryWorst, failedCell, nowUs)) return
  // The entry gateway may move even what is not eligible when it is told that nothing was delivered.
  failTicket(state, ticket, state.flights.tickets.words[ticket * rowWords + Ticket.left] === 0 ? 'no-healthy-target' : otherwise)
}

/** The client left. */
export function abandonTicket(state: State, id: number): void {
  const ticket = resolveSlot(state.flights.ticketSlots, id)
  if (ticket === -1) return
  cancelAll(state, ticket)
  closeTicket(state, ticket)
}
