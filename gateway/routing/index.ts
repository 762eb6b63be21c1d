// The failover core, put together: one call is one event, then whatever it set off is settled (region state,
// sending again, probes), then the caller reads the effects. See core.ts for the contract.

import { Effect, healthStates, type CoreTopology, type RoutingCore } from './core.ts'
import type { HealthSettings } from '../snapshot/snapshot.ts'
import { plainMemory, type Allocate } from './columns.ts'
import { nextDeadline } from './deadlines.ts'
import { emit } from './effects.ts'
import { advanceRamps } from './health.ts'
import { abandonTicket, expireAttempts, expireTickets, takeEnding, takeHead, takeRequest } from './lifecycle.ts'
import { heardFrom } from './observe.ts'
import { collectDueProbes, isSilent, probeFailed, probeSucceeded, repeatProbe, scheduleFirstProbe, sendProbes } from './probing.ts'
import { judgeRegions } from './region.ts'
import { resendQueued } from './resend.ts'
import { deafUs, settingsOf, tickUs } from './settings.ts'
import { discardSilence, judgeSilence } from './silence.ts'
import { Health, makeState, type State } from './state.ts'
import { swapTopology } from './swap.ts'

export { layOut, type Layout } from './plan.ts'

/**
 * A core that believes every target healthy until it learns otherwise. `allocate` gives the memory of its tables
 * (a SharedArrayBuffer when worker threads are to read it).
 */
export function createRoutingCore(topology: CoreTopology, health: HealthSettings, nowUs: number, allocate: Allocate = plainMemory): RoutingCore {
  const state = makeState(topology, settingsOf(health), nowUs, allocate)
  for (let target = 0; target < state.tables.targetCount; target++) scheduleFirstProbe(state, target, nowUs)
  state.nextTickUs = nextTick(state, nowUs)
  return {
    effects: state.effects,
    get nextTickUs() { return state.nextTickUs },
    request(plan, flags, random, pin, now) {
      return takeRequest(state, plan, flags, random, pin, now)
    },
    head(attempt, status, fromGateway, now) {
      takeHead(state, attempt, status, fromGateway, now)
      settle(state, now)
    },
    heard(target, now) {
      if (isTarget(state, target)) heardFrom(state, target, now)
      settle(state, now)
    },
    finished(attempt, ending, sent, now) {
      takeEnding(state, attempt, ending, sent, now)
      settle(state, now)
    },
    abandoned(ticket, now) {
      abandonTicket(state, ticket)
      settle(state, now)
    },
    probed(target, ok, cause, elapsedUs, unavailable, now) {
      if (!isTarget(state, target) || state.tables.targets.probing[target] === 0) return
      state.tables.targets.probing[target] = 0
      if (ok) probeSucceeded(state, target, elapsedUs, unavailable, now)
      else if (isSilent(cause) && isDoubtful(state, target, elapsedUs, now)) {
        emit(state.effects, Effect.Discarded, target, Math.max(0, elapsedUs - state.tables.targets.probeTimeoutUs[target]), 0, 0)
        repeatProbe(state, target, now)
      } else probeFailed(state, target, cause, now)
      settle(state, now)
    },
    tick: (lagUs, now) => tick(state, lagUs, now),
    swap(next, settings, now) {
      state.settings = settingsOf(settings)
      swapTopology(state, next, now)
      settle(state, now)
      state.nextTickUs = Math.min(state.nextTickUs, nextTick(state, now))
    },
    targetState: (target) => healthStates[state.tables.targets.state[target]],
    cellState: (service, target) => cellState(state, service, target),
    latency: (target) => latencyOf(state, target),
    outstanding: (target) => state.tables.targets.waiting[target],
    unavailableServices: () => unavailableServices(state),
  }
}

function isTarget(state: State, target: number): boolean {
  return Number.isInteger(target) && target >= 0 && target < state.tables.targetCount
}

/** Does what an event set off. Common events set off nothing. */
function settle(state: State, nowUs: number): void {
  if (state.anyRegionDirty) {
    judgeRegions(state, false, nowUs)
    state.nextTickUs = Math.min(state.nextTickUs, nowUs + tickUs)
  }
  if (state.moves.length > 0) resendQueued(state, nowUs)
  if (state.urgentProbes.length > 0) {
    sendProbes(state, nowUs)
    state.nextTickUs = Math.min(state.nextTickUs, nowUs + tickUs)
  }
}

/**
 * Order matters: what may be late is looked at after it is known whether this tick can be believed, and all
 * verdicts of the tick are reached before anything is sent again, so that no hedge goes from one dead target to
 * another that is found dead in the same tick.
 */
function tick(state: State, lagUs: number, nowUs: number): void {
  const late = lagUs > state.settings.maxLagUs
  // Answers may be waiting unread behind this very tick. Leave the verdict to the next one, but never twice in
  // a row, or a busy process would never decide.
  const deaf = late || (lagUs > deafUs && !state.deferred)
  state.distrust = late
  state.deferred = deaf
  collectDueProbes(state, nowUs)
  if (late) discardSilence(state, lagUs, nowUs)
  else if (!deaf) judgeSilence(state, nowUs)
  advanceRamps(state, nowUs)
  if (state.anyRegionDirty) judgeRegions(state, true, nowUs)
  expireAttempts(state, deaf, nowUs)
  expireTickets(state, nowUs)
  settle(state, nowUs)
  sendProbes(state, nowUs)
  state.nextTickUs = nextTick(state, nowUs)
}

function nextTick(state: State, nowUs: number): number {
  const { activeTargets, targets, probeTimers } = state.tables
  for (let at = 0; at < activeTargets.length; at++) if (targets.waiting[activeTargets.items[at]] > 0) return nowUs + tickUs
  if (state.urgentProbes.length > 0 || state.dueProbes.length > 0 || state.anyRegionDirty) return nowUs + tickUs
  const { ticketTimers, attemptTimers } = state.flights
  return Math.max(nowUs, Math.min(nextDeadline(probeTimers), nextDeadline(ticketTimers), nextDeadline(attemptTimers)))
}

/** A probe without answer proves nothing when the loop was late, by its tick or by the probe's own timer. */
function isDoubtful(state: State, target: number, elapsedUs: number, nowUs: number): boolean {
  const { maxLagUs } = state.settings
  return state.distrust || nowUs > state.nextTickUs + maxLagUs || elapsedUs > state.tables.targets.probeTimeoutUs[target] + maxLagUs
}

function cellState(state: State, service: number, target: number) {
  const { cells, targets, targetCells, targetCellStart } = state.tables
  for (let at = targetCellStart[target]; at < targetCellStart[target + 1]; at++) {
    const cell = targetCells[at]
    if (cells.service[cell] === service) return healthStates[targets.link[target] === 1 ? cells.state[cell] : targets.state[target]]
  }
  return healthStates[targets.state[target]]
}

function latencyOf(state: State, target: number) {
  const { latencies } = state
  const histogram = state.tables.targets.latency[target]
  if (histogram === -1) return { p50Us: NaN, p99Us: NaN, count: 0 }
  return { p50Us: latencies.p50Us[histogram], p99Us: latencies.p99Us[histogram], count: latencies.count[histogram] }
}

/** Kept until an endpoint changes, because every probe over every link asks for it. */
function unavailableServices(state: State): readonly number[] {
  if (!state.unavailableDirty) return state.unavailable
  state.unavailableDirty = false
  const { targets } = state.tables
  const { services, ownRegion } = state.topology
  state.unavailable = []
  services.forEach((service, index) => {
    const own = service.targets.filter((target) => targets.link[target] === 0 && targets.region[target] === ownRegion)
    if (own.length > 0 && own.every((target) => targets.state[target] === Health.ejected)) state.unavailable.push(index)
  })
  return state.unavailable
}
