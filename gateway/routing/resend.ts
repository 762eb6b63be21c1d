// What waits at a place in trouble is sent again: beside the old attempt while the place is only suspected,
// and when it is ejected, requests that only this region may serve are given back to the entry gateway.

import { RequestFlag } from './core.ts'
import { Move } from './health.ts'
import { cancelAttempt, failTicket, hedgeWorst, retryWorst, sendElsewhere } from './send.ts'
import { idOf, resolveSlot } from './slots.ts'
import { rowOf, targetOf, type State } from './state.ts'

/** Works off the queue of places that `health.ts` left. */
export function resendQueued(state: State, nowUs: number): void {
  // Sending again changes no health, so the queue does not grow while it is worked off.
  for (let at = 0; at < state.moves.length; at += 2) resendFrom(state, state.moves[at], state.moves[at + 1], nowUs)
  state.moves.length = 0
}

function resendFrom(state: State, place: number, mode: number, nowUs: number): void {
  const target = targetOf(state.tables, place)
  const { attempts, attemptSlots } = state.flights
  const cell = place >= 0 ? -1 : rowOf(place)
  const ids: number[] = []
  for (let slot = state.tables.targets.first[target]; slot !== -1; slot = attempts.next[slot]) {
    if (cell === -1 || attempts.cell[slot] === cell) ids.push(idOf(attemptSlots, slot))
  }
  for (const id of ids) {
    const slot = resolveSlot(attemptSlots, id)
    if (slot !== -1) resend(state, slot, mode, nowUs)
  }
}

function resend(state: State, slot: number, mode: number, nowUs: number): void {
  const { attempts, tickets } = state.flights
  const ticket = attempts.ticket[slot]
  const flags = tickets.flags[ticket]
  if (flags & RequestFlag.Pinned || !state.flights.plans[ticket]?.failover) return
  if (mode === Move.move && flags & RequestFlag.LocalOnly) {
    const elsewhere = tickets.live[ticket] > 1 || sendElsewhere(state, ticket, 'retry', false, retryWorst, -1, nowUs)
    tickets.left[ticket] = 1
    if (elsewhere) cancelAttempt(state, slot)
    else failTicket(state, ticket, 'upstream-failed')
    return
  }
  if (tickets.live[ticket] > 1) return
  sendElsewhere(state, ticket, 'hedge', false, mode === Move.move ? retryWorst : hedgeWorst, -1, nowUs)
}
