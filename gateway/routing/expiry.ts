// What time alone ends: the patience of a lone request, the limit of an attempt, the time of a whole request. One entry
// in the agenda serves all three, because a request without an answer always has an attempt out.

import { collect, wasRead } from './agenda.ts'
import { rowTimes, rowWords } from './columns.ts'
import { goOn } from './lifecycle.ts'
import { observeLate, patienceOf } from './observe.ts'
import { cancelAttempt, failTicket, hedgeWorst, sendElsewhere } from './send.ts'
import { defaultRequestTimeoutUs, tickUs } from './settings.ts'
import { isLive } from './slots.ts'
import type { State } from './state.ts'
import { armAttempt, Attempt, Ticket } from './tickets.ts'

/**
 * First the patience of lone requests and limits of attempts (a tick that may be deaf gives them
 * until the next one), then whole requests. The earlier due come first, of equals the earlier sent.
 */
export function expireFlights(state: State, deaf: boolean, nowUs: number): void {
  const { flights } = state
  const dueAttempts: number[] = []
  const dueTickets: number[] = []
  readAgenda(state, dueAttempts, dueTickets, nowUs)
  if (dueAttempts.length > 1) dueAttempts.sort(byDue(flights.attempts.times, Attempt.dueUs, flights.attempts.words, Attempt.order))
  if (dueTickets.length > 1) dueTickets.sort(byDue(flights.tickets.times, Ticket.dueUs, null, 0))
  for (const slot of dueAttempts) {
    // An earlier one of this run may have ended its siblings.
    if (!isWaiting(state, slot)) continue
    if (deaf) armAttempt(flights, slot, nowUs + tickUs)
    else if (nowUs >= flights.attempts.times[slot * rowTimes + Attempt.limitUs]) endByLimit(state, slot, nowUs)
    else runOutOfPatience(state, slot, nowUs)
  }
  for (const ticket of dueTickets) if (isLive(flights.ticketSlots, ticket)) failTicket(state, ticket, 'upstream-timeout')
}

/** Sorts out what the agenda holds: most of it is over; what is not due yet is noted again. */
function readAgenda(state: State, dueAttempts: number[], dueTickets: number[], nowUs: number): void {
  const { flights } = state
  const { agenda } = flights
  const attempts = flights.attempts.words
  const count = collect(agenda, nowUs)
  for (let at = 0; at < count; at++) {
    const slot = agenda.due[at]
    const row = slot * rowWords
    if (attempts[row + Attempt.noted] === 0 || !wasRead(agenda, attempts[row + Attempt.noted])) continue
    attempts[row + Attempt.noted] = 0
    if (!isWaiting(state, slot)) continue
    const ticket = attempts[row + Attempt.ticket]
    const dueUs = flights.attempts.times[slot * rowTimes + Attempt.dueUs]
    if (flights.tickets.times[ticket * rowTimes + Ticket.dueUs] <= nowUs && !dueTickets.includes(ticket)) dueTickets.push(ticket)
    if (dueUs <= nowUs) dueAttempts.push(slot)
    else armAttempt(flights, slot, dueUs)
  }
}

function isWaiting(state: State, slot: number): boolean {
  return state.flights.attempts.words[slot * rowWords + Attempt.waiting] === 1
}

function byDue(times: Float64Array, dueUs: number, words: Int32Array | null, order: number): (a: number, b: number) => number {
  return (a, b) => times[a * rowTimes + dueUs] - times[b * rowTimes + dueUs]
    || (words === null ? a - b : (words[a * rowWords + order] - words[b * rowWords + order]) | 0)
}

function endByLimit(state: State, slot: number, nowUs: number): void {
  const { words } = state.flights.attempts
  const ticket = words[slot * rowWords + Attempt.ticket]
  const cell = words[slot * rowWords + Attempt.cell]
  noteLate(state, slot, nowUs)
  state.flights.tickets.words[ticket * rowWords + Ticket.left] = 1
  cancelAttempt(state, slot)
  goOn(state, ticket, false, cell, 'upstream-timeout', nowUs)
}

function runOutOfPatience(state: State, slot: number, nowUs: number): void {
  const { flights } = state
  const { words } = flights.attempts
  const ticket = words[slot * rowWords + Attempt.ticket]
  const cell = words[slot * rowWords + Attempt.cell]
  noteLate(state, slot, nowUs)
  const alone = flights.tickets.words[ticket * rowWords + Ticket.live] === 1 && !state.settings.meshOwnsServices
  if (alone) sendElsewhere(state, ticket, 'hedge', false, hedgeWorst, -1, nowUs)
  const againUs = cell === -1 ? defaultRequestTimeoutUs : patienceOf(state, cell)
  armAttempt(flights, slot, Math.min(nowUs + againUs, flights.attempts.times[slot * rowTimes + Attempt.limitUs]))
}

function noteLate(state: State, slot: number, nowUs: number): void {
  const { words, times } = state.flights.attempts
  const row = slot * rowWords
  const cell = words[row + Attempt.cell]
  if (cell === -1 || words[row + Attempt.late] === 1) return
  words[row + Attempt.late] = 1
  observeLate(state, cell, times[slot * rowTimes + Attempt.sentUs], words[row + Attempt.trial] === 1, nowUs)
}
