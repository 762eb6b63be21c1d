// Requests in flight (tickets) and their tries (attempts), as rows of two tables with free lists. Waiting
// attempts of a target hang in a list in the order they were sent; attempts of a ticket in another.

import type { RoutePlan } from './core.ts'
import { growColumns, layColumns, type Allocate, type Columns } from './columns.ts'
import { arm, disarm, growDeadlines, makeDeadlines, type Deadlines } from './deadlines.ts'
import { growSlots, makeSlots, maxSlots, releaseSlot, takeSlot, type Slots } from './slots.ts'
import { refreshActive, type State } from './state.ts'

/** Targets that a ticket remembers to have tried; more tries forget the oldest. */
const triedKept = 8

const ticketSpec = {
  service: 'i32',
  mask: 'i32',
  flags: 'u8',
  /** Attempts that count against the plan's maximum, and sends in all. */
  made: 'i32',
  sends: 'i32',
  /** Attempts that are out now. */
  live: 'i32',
  first: 'i32',
  seed: 'u32',
  triedRegions: 'i32',
  /** Some byte of the request may have reached an upstream. */
  left: 'u8',
  accepted: 'u8',
} as const

const attemptSpec = {
  ticket: 'i32',
  /** -1 when the target is gone since a swap. */
  cell: 'i32',
  target: 'i32',
  sentUs: 'f64',
  /** Ends this attempt; Infinity = no limit of its own. */
  limitUs: 'f64',
  previous: 'i32',
  next: 'i32',
  sibling: 'i32',
  /** 1 while no response head has come. */
  waiting: 'u8',
  /** Sent to find out whether a suspect lives. */
  trial: 'u8',
  /** Its lateness was counted already. */
  late: 'u8',
} as const

export interface Flights {
  tickets: Columns<typeof ticketSpec>
  ticketSlots: Slots
  plans: (RoutePlan | null)[]
  tried: Int32Array
  ticketTimers: Deadlines
  attempts: Columns<typeof attemptSpec>
  attemptSlots: Slots
  attemptTimers: Deadlines
}

const initial = 1024

export function makeFlights(nowUs: number, allocate: Allocate): Flights {
  return {
    tickets: layColumns(ticketSpec, initial, allocate),
    ticketSlots: makeSlots(initial),
    plans: new Array<RoutePlan | null>(initial).fill(null),
    tried: new Int32Array(initial * triedKept),
    ticketTimers: makeDeadlines(initial, 65_536, nowUs),
    attempts: layColumns(attemptSpec, initial, allocate),
    attemptSlots: makeSlots(initial),
    attemptTimers: makeDeadlines(initial, 8192, nowUs),
  }
}

/** A new ticket's slot, or -1 when the core holds as many as it can. */
export function openTicket(state: State, plan: RoutePlan, service: number, mask: number, flags: number, seed: number, dueUs: number): number {
  const flights = state.flights
  let slot = takeSlot(flights.ticketSlots)
  if (slot === -1) {
    if (flights.ticketSlots.capacity === maxSlots) return -1
    growTickets(state)
    slot = takeSlot(flights.ticketSlots)
  }
  const tickets = flights.tickets
  tickets.service[slot] = service
  tickets.mask[slot] = mask
  tickets.flags[slot] = flags
  tickets.made[slot] = 0
  tickets.sends[slot] = 0
  tickets.live[slot] = 0
  tickets.first[slot] = -1
  tickets.seed[slot] = seed
  tickets.triedRegions[slot] = 0
  tickets.left[slot] = 0
  tickets.accepted[slot] = 0
  flights.plans[slot] = plan
  arm(flights.ticketTimers, slot, dueUs)
  return slot
}

/** Ends a ticket whose attempts are all over. */
export function closeTicket(state: State, slot: number): void {
  const flights = state.flights
  disarm(flights.ticketTimers, slot)
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
  const { attempts, tickets } = flights
  const target = tables.cells.target[cell]
  attempts.ticket[slot] = ticket
  attempts.cell[slot] = cell
  attempts.target[slot] = target
  attempts.sentUs[slot] = nowUs
  attempts.limitUs[slot] = Infinity
  attempts.trial[slot] = 0
  attempts.late[slot] = 0
  attempts.sibling[slot] = tickets.first[ticket]
  tickets.first[ticket] = slot
  tickets.live[ticket]++
  flights.tried[ticket * triedKept + (tickets.sends[ticket] % triedKept)] = target
  tickets.sends[ticket]++
  tickets.triedRegions[ticket] |= 1 << tables.targets.region[target]
  startWaiting(state, slot, cell, target, nowUs)
  return slot
}

function startWaiting(state: State, slot: number, cell: number, target: number, nowUs: number): void {
  const { targets, cells, activeTargets, activeCells } = state.tables
  const { attempts } = state.flights
  attempts.waiting[slot] = 1
  attempts.next[slot] = -1
  const last = targets.last[target]
  attempts.previous[slot] = last
  if (last === -1) targets.first[target] = slot
  else attempts.next[last] = slot
  targets.last[target] = slot
  targets.inFlight[target]++
  cells.sentUs[cell] = nowUs
  if (targets.waiting[target]++ === 0) {
    targets.sinceUs[target] = nowUs
    refreshActive(activeTargets, targets, target)
  }
  if (cells.waiting[cell]++ === 0) {
    cells.sinceUs[cell] = nowUs
    refreshActive(activeCells, cells, cell)
  }
}

/** The attempt's head came, or it is over: it waits no more. */
export function stopWaiting(state: State, slot: number): void {
  const { attempts, attemptTimers } = state.flights
  if (attempts.waiting[slot] === 0) return
  if (attempts.cell[slot] !== -1) unlinkWaiting(state, slot)
  attempts.waiting[slot] = 0
  disarm(attemptTimers, slot)
}

function unlinkWaiting(state: State, slot: number): void {
  const { attempts } = state.flights
  const { targets, cells, activeTargets, activeCells } = state.tables
  const cell = attempts.cell[slot]
  const target = attempts.target[slot]
  const next = attempts.next[slot]
  const previous = attempts.previous[slot]
  if (previous === -1) targets.first[target] = next
  else attempts.next[previous] = next
  if (next === -1) targets.last[target] = previous
  else attempts.previous[next] = previous
  if (--targets.waiting[target] === 0) refreshActive(activeTargets, targets, target)
  if (--cells.waiting[cell] === 0) refreshActive(activeCells, cells, cell)
}

/** Its cell is about to go in a swap: the attempt lives on by itself, and says nothing about health any more. */
export function detachAttempt(state: State, slot: number): void {
  const { attempts } = state.flights
  if (attempts.waiting[slot] === 1) unlinkWaiting(state, slot)
  state.tables.targets.inFlight[attempts.target[slot]]--
  attempts.cell[slot] = -1
}

/** Ends an attempt: unlinks it everywhere and gives its slot back. Its ticket stays. */
export function closeAttempt(state: State, slot: number): void {
  stopWaiting(state, slot)
  const { attempts, tickets, attemptSlots } = state.flights
  if (attempts.cell[slot] !== -1) state.tables.targets.inFlight[attempts.target[slot]]--
  const ticket = attempts.ticket[slot]
  let at = tickets.first[ticket]
  if (at === slot) tickets.first[ticket] = attempts.sibling[slot]
  else {
    while (attempts.sibling[at] !== slot) at = attempts.sibling[at]
    attempts.sibling[at] = attempts.sibling[slot]
  }
  tickets.live[ticket]--
  releaseSlot(attemptSlots, slot)
}

export function hasTried(flights: Flights, ticket: number, target: number): boolean {
  const count = Math.min(triedKept, flights.tickets.sends[ticket])
  for (let at = ticket * triedKept; at < ticket * triedKept + count; at++) {
    if (flights.tried[at] === target) return true
  }
  return false
}

/** After a swap: the remembered targets under their new numbers (-1 = gone). */
export function renumberTried(flights: Flights, ticket: number, newTarget: Int32Array): void {
  const count = Math.min(triedKept, flights.tickets.sends[ticket])
  for (let at = ticket * triedKept; at < ticket * triedKept + count; at++) {
    if (flights.tried[at] >= 0) flights.tried[at] = newTarget[flights.tried[at]]
  }
}

function growTickets(state: State): void {
  const flights = state.flights
  growSlots(flights.ticketSlots)
  const capacity = flights.ticketSlots.capacity
  flights.tickets = growColumns(ticketSpec, flights.tickets, capacity, state.allocate)
  while (flights.plans.length < capacity) flights.plans.push(null)
  const tried = new Int32Array(capacity * triedKept)
  tried.set(flights.tried)
  flights.tried = tried
  growDeadlines(flights.ticketTimers, capacity)
}

function growAttempts(state: State): void {
  const flights = state.flights
  growSlots(flights.attemptSlots)
  const capacity = flights.attemptSlots.capacity
  flights.attempts = growColumns(attemptSpec, flights.attempts, capacity, state.allocate)
  growDeadlines(flights.attemptTimers, capacity)
}
