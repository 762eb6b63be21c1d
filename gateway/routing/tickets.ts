// Requests in flight (tickets) and their tries (attempts), as rows of two tables with free lists; attempts of a
// ticket hang in a list. Only attempts have a time in the agenda: a request without an answer always has one out.

import type { RoutePlan } from './core.ts'
import { isBefore, makeAgenda, note, placeIn, type Agenda } from './agenda.ts'
import { growRows, layRows, rowTimes, rowWords, type Allocate, type Rows } from './columns.ts'
import { growSlots, makeSlots, maxSlots, releaseSlot, takeSlot, type Slots } from './slots.ts'
import { Cell, Target, targetOfCell, type State } from './state.ts'

/** Words of a ticket's row; names that end in Us are times. */
export const Ticket = {
  service: 0,
  mask: 1,
  flags: 2,
  /** Attempts that count against the plan's maximum, and sends in all. */
  made: 3,
  sends: 4,
  /** Attempts that are out now, and the first of them. */
  live: 5,
  first: 6,
  seed: 7,
  triedRegions: 8,
  /** 1 when some byte of the request may have reached an upstream. */
  left: 9,
  accepted: 10,
  /** The target that was tried first; the next are in `Flights.tried`. */
  tried: 11,
  /** The whole request must be answered by then. */
  dueUs: 6,
} as const

/** Words of an attempt's row; names that end in Us are times. */
export const Attempt = {
  ticket: 0,
  /** -1 when the target is gone since a swap. */
  cell: 1,
  target: 2,
  sibling: 3,
  /** 1 while no response head has come. */
  waiting: 4,
  /** 1 = sent to find out whether a suspect lives. */
  trial: 5,
  /** 1 = its lateness was counted already. */
  late: 6,
  /** Counts up with each attempt sent, and wraps. */
  order: 7,
  /** Where this slot is noted in the agenda, 0 = nowhere. Outlives the attempt, as the note does. */
  noted: 8,
  sentUs: 5,
  /** Ends this attempt; Infinity = no limit of its own. */
  limitUs: 6,
  /** Patience ends or the limit is reached. */
  dueUs: 7,
} as const

/** Targets that a ticket remembers to have tried; more tries forget the oldest. */
const triedKept = 8

export interface Flights {
  tickets: Rows
  ticketSlots: Slots
  plans: (RoutePlan | null)[]
  attempts: Rows
  attemptSlots: Slots
  agenda: Agenda
  /** Attempts without a head at targets of the present topology, and at those that a swap took away. */
  waiting: number
  detached: number
  sent: number
  /** What a ticket tried after its first, a ring of `triedKept`. */
  tried: Int32Array
}

/** Small, so that few requests at a time go round in few lines of memory; doubled when all are in use. */
const initial = 64

export function makeFlights(nowUs: number, allocate: Allocate): Flights {
  return {
    tickets: layRows(initial, allocate),
    ticketSlots: makeSlots(initial),
    plans: new Array<RoutePlan | null>(initial).fill(null),
    attempts: layRows(initial, allocate),
    attemptSlots: makeSlots(initial),
    agenda: makeAgenda(256, nowUs),
    waiting: 0, detached: 0, sent: 0,
    tried: new Int32Array(initial * triedKept),
  }
}

/** A new ticket's slot, or -1 when the core holds as many as it can. */
export function openTicket(state: State, plan: RoutePlan, service: number, mask: number, flags: number, seed: number, dueUs: number): number {
  const { flights } = state
  let slot = takeSlot(flights.ticketSlots)
  if (slot === -1) {
    if (flights.ticketSlots.capacity === maxSlots) return -1
    growTickets(state)
    slot = takeSlot(flights.ticketSlots)
  }
  const { words, times } = flights.tickets
  const row = slot * rowWords
  words[row + Ticket.service] = service
  words[row + Ticket.mask] = mask
  words[row + Ticket.flags] = flags
  words[row + Ticket.made] = 0
  words[row + Ticket.sends] = 0
  words[row + Ticket.live] = 0
  words[row + Ticket.first] = -1
  words[row + Ticket.seed] = seed
  words[row + Ticket.triedRegions] = 0
  words[row + Ticket.left] = 0
  words[row + Ticket.accepted] = 0
  times[slot * rowTimes + Ticket.dueUs] = dueUs
  flights.plans[slot] = plan
  return slot
}

/** Ends a ticket whose attempts are all over. */
export function closeTicket(state: State, slot: number): void {
  const { flights } = state
  flights.plans[slot] = null
  releaseSlot(flights.ticketSlots, slot)
}

/** A new attempt's slot, linked to its ticket and waiting on its target; -1 when there is no room. */
export function openAttempt(state: State, ticket: number, cell: number, nowUs: number): number {
  const { flights, tables } = state
  let slot = takeSlot(flights.attemptSlots)
  if (slot === -1) {
    if (flights.attemptSlots.capacity === maxSlots) return -1
    growAttempts(state)
    slot = takeSlot(flights.attemptSlots)
  }
  const attempts = flights.attempts.words
  const tickets = flights.tickets.words
  const target = targetOfCell(tables.cells, cell)
  const row = slot * rowWords
  const ticketRow = ticket * rowWords
  attempts[row + Attempt.ticket] = ticket
  attempts[row + Attempt.cell] = cell
  attempts[row + Attempt.target] = target
  attempts[row + Attempt.sibling] = tickets[ticketRow + Ticket.first]
  attempts[row + Attempt.waiting] = 1
  attempts[row + Attempt.trial] = 0
  attempts[row + Attempt.late] = 0
  attempts[row + Attempt.order] = flights.sent = (flights.sent + 1) | 0
  flights.attempts.times[slot * rowTimes + Attempt.sentUs] = nowUs
  tickets[ticketRow + Ticket.first] = slot
  tickets[ticketRow + Ticket.live]++
  noteTried(flights, ticket, target)
  tickets[ticketRow + Ticket.triedRegions] |= 1 << tables.targets.words[target * rowWords + Target.region]
  startWaiting(state, cell, target, nowUs)
  return slot
}

function startWaiting(state: State, cell: number, target: number, nowUs: number): void {
  const { targets, cells, watch } = state.tables
  const targetRow = target * rowWords
  const row = cell * rowWords
  state.flights.waiting++
  targets.words[targetRow + Target.inFlight]++
  targets.words[targetRow + Target.waiting]++
  cells.times[cell * rowTimes + Cell.sentUs] = nowUs
  if (cells.words[row + Cell.waiting]++ > 0) return
  cells.times[cell * rowTimes + Cell.sinceUs] = nowUs
  if (cells.words[row + Cell.watched] === 1) return
  cells.words[row + Cell.watched] = 1
  note(watch, cell, placeIn(watch, nowUs + state.settings.leastSilenceUs))
}

/** When an attempt must be looked at: its patience or limit (`dueUs`), or its request's time, ends. */
export function armAttempt(flights: Flights, slot: number, dueUs: number): void {
  const { attempts, tickets, agenda } = flights
  const row = slot * rowWords
  attempts.times[slot * rowTimes + Attempt.dueUs] = dueUs
  const ticketDueUs = tickets.times[attempts.words[row + Attempt.ticket] * rowTimes + Ticket.dueUs]
  const place = placeIn(agenda, dueUs < ticketDueUs ? dueUs : ticketDueUs)
  const noted = attempts.words[row + Attempt.noted]
  if (noted !== 0 && !isBefore(agenda, place, noted)) return
  attempts.words[row + Attempt.noted] = place
  note(agenda, slot, place)
}

/** The attempt's head came, or it is over: it waits no more. */
export function stopWaiting(state: State, slot: number): void {
  const { flights } = state
  const { words } = flights.attempts
  const row = slot * rowWords
  if (words[row + Attempt.waiting] === 0) return
  words[row + Attempt.waiting] = 0
  const cell = words[row + Attempt.cell]
  if (cell === -1) flights.detached--
  else leaveCell(state, cell, words[row + Attempt.target])
}

function leaveCell(state: State, cell: number, target: number): void {
  const { targets, cells } = state.tables
  state.flights.waiting--
  targets.words[target * rowWords + Target.waiting]--
  cells.words[cell * rowWords + Cell.waiting]--
}

/** Its cell is about to go in a swap: the attempt lives on by itself, and says nothing about health any more. */
export function detachAttempt(state: State, slot: number): void {
  const { words } = state.flights.attempts
  const row = slot * rowWords
  const target = words[row + Attempt.target]
  if (words[row + Attempt.waiting] === 1) {
    leaveCell(state, words[row + Attempt.cell], target)
    state.flights.detached++
  }
  state.tables.targets.words[target * rowWords + Target.inFlight]--
  words[row + Attempt.cell] = -1
}

/** Ends an attempt: unlinks it everywhere and gives its slot back. Its ticket stays. */
export function closeAttempt(state: State, slot: number): void {
  stopWaiting(state, slot)
  const { flights } = state
  const attempts = flights.attempts.words
  const tickets = flights.tickets.words
  const row = slot * rowWords
  if (attempts[row + Attempt.cell] !== -1) state.tables.targets.words[attempts[row + Attempt.target] * rowWords + Target.inFlight]--
  const ticketRow = attempts[row + Attempt.ticket] * rowWords
  const next = attempts[row + Attempt.sibling]
  let at = tickets[ticketRow + Ticket.first]
  if (at === slot) tickets[ticketRow + Ticket.first] = next
  else {
    while (attempts[at * rowWords + Attempt.sibling] !== slot) at = attempts[at * rowWords + Attempt.sibling]
    attempts[at * rowWords + Attempt.sibling] = next
  }
  tickets[ticketRow + Ticket.live]--
  releaseSlot(flights.attemptSlots, slot)
}

function noteTried(flights: Flights, ticket: number, target: number): void {
  const { words } = flights.tickets
  const row = ticket * rowWords
  const sends = words[row + Ticket.sends]++
  if (sends % triedKept === 0) words[row + Ticket.tried] = target
  else flights.tried[ticket * triedKept + (sends % triedKept)] = target
}

export function hasTried(flights: Flights, ticket: number, target: number): boolean {
  const { words } = flights.tickets
  const count = Math.min(triedKept, words[ticket * rowWords + Ticket.sends])
  if (count > 0 && words[ticket * rowWords + Ticket.tried] === target) return true
  for (let at = 1; at < count; at++) if (flights.tried[ticket * triedKept + at] === target) return true
  return false
}

/** After a swap: the remembered targets under their new numbers (-1 = gone). */
export function renumberTried(flights: Flights, ticket: number, newTarget: Int32Array): void {
  const { words } = flights.tickets
  const count = Math.min(triedKept, words[ticket * rowWords + Ticket.sends])
  const first = words[ticket * rowWords + Ticket.tried]
  if (count > 0 && first >= 0) words[ticket * rowWords + Ticket.tried] = newTarget[first]
  for (let at = ticket * triedKept + 1; at < ticket * triedKept + count; at++) {
    if (flights.tried[at] >= 0) flights.tried[at] = newTarget[flights.tried[at]]
  }
}

function growTickets(state: State): void {
  const { flights } = state
  growSlots(flights.ticketSlots)
  const { capacity } = flights.ticketSlots
  flights.tickets = growRows(flights.tickets, capacity, state.allocate)
  while (flights.plans.length < capacity) flights.plans.push(null)
  const tried = new Int32Array(capacity * triedKept)
  tried.set(flights.tried)
  flights.tried = tried
}

function growAttempts(state: State): void {
  const { flights } = state
  growSlots(flights.attemptSlots)
  flights.attempts = growRows(flights.attempts, flights.attemptSlots.capacity, state.allocate)
}
