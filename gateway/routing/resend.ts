// What waits at a place in trouble is sent again: beside the old attempt while the place is only suspected,
// and when it is ejected, requests that only this region may serve are given back to the entry gateway.

import { RequestFlag } from './core.ts'
import { rowWords } from './columns.ts'
import { Move } from './health.ts'
import { cancelAttempt, failTicket, hedgeWorst, retryWorst, sendElsewhere } from './send.ts'
import { idOf, resolveSlot } from './slots.ts'
import { rowOf, rowsOf, targetOf, waitingAt, type State } from './state.ts'
import { Attempt, Ticket } from './tickets.ts'

/** Works off the queue of places that `health.ts` left. */
export function resendQueued(state: State, nowUs: number): void {
  // Sending again changes no health, so the queue does not grow while it is worked off.
  for (let at = 0; at < state.moves.length; at += 2) resendFrom(state, state.moves[at], state.moves[at + 1], nowUs)
  state.moves.length = 0
}

function resendFrom(state: State, place: number, mode: number, nowUs: number): void {
  if (waitingAt(rowsOf(state.tables, place), rowOf(place)) === 0) return
  const { attemptSlots } = state.flights
  for (const id of waitingFor(state, place)) {
    const slot = resolveSlot(attemptSlots, id)
    if (slot !== -1) resend(state, slot, mode, nowUs)
  }
}

/** Identifiers of the attempts that wait at a place, in the order they were sent. Looked for only now: trouble is rare. */
function waitingFor(state: State, place: number): number[] {
  const { attempts, attemptSlots } = state.flights
  const { words } = attempts
  const target = targetOf(state.tables, place)
  const slots: number[] = []
  for (let slot = 0; slot < attemptSlots.capacity; slot++) {
    const row = slot * rowWords
    const cell = words[row + Attempt.cell]
    if (words[row + Attempt.waiting] === 0 || cell === -1 || words[row + Attempt.target] !== target) continue
    if (place >= 0 || cell === rowOf(place)) slots.push(slot)
  }
  slots.sort((a, b) => (words[a * rowWords + Attempt.order] - words[b * rowWords + Attempt.order]) | 0)
  return slots.map((slot) => idOf(attemptSlots, slot))
}

function resend(state: State, slot: number, mode: number, nowUs: number): void {
  const ticket = state.flights.attempts.words[slot * rowWords + Attempt.ticket]
  const tickets = state.flights.tickets.words
  const row = ticket * rowWords
  const flags = tickets[row + Ticket.flags]
  if (flags & RequestFlag.Pinned || !state.flights.plans[ticket]?.failover) return
  if (mode === Move.move && flags & RequestFlag.LocalOnly) {
    const elsewhere = tickets[row + Ticket.live] > 1 || sendElsewhere(state, ticket, 'retry', false, retryWorst, -1, nowUs)
    tickets[row + Ticket.left] = 1
    if (elsewhere) cancelAttempt(state, slot)
    else failTicket(state, ticket, 'upstream-failed')
    return
  }
  if (tickets[row + Ticket.live] > 1) return
  sendElsewhere(state, ticket, 'hedge', false, mode === Move.move ? retryWorst : hedgeWorst, -1, nowUs)
}
