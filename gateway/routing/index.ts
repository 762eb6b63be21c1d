// The failover core, put together: one call is one event, then whatever it set off is settled (region state,
// sending again, probes), then the caller reads the effects. See core.ts for the contract.

import { Effect, healthStates, type AttemptEnding, type CoreTopology, type EffectBuffer, type RoutePlan, type RoutingCore } from './core.ts'
import type { HealthCause, HealthState } from '../ports.ts'
import type { HealthSettings } from '../snapshot/snapshot.ts'
import { plainMemory, rowWords, type Allocate } from './columns.ts'
import { nextDeadline } from './deadlines.ts'
import { emit } from './effects.ts'
import { advanceRamps } from './health.ts'
import { expireFlights } from './expiry.ts'
import { answersOf } from './latency.ts'
import { abandonTicket, takeEnding, takeHead, takeRequest } from './lifecycle.ts'
import { heardFrom } from './observe.ts'
import { collectDueProbes, isEmpty, isSilent, noProbesQueued, probeFailed, probeSucceeded, repeatProbe, scheduleFirstProbe, sendProbes } from './probing.ts'
import { judgeRegions } from './region.ts'
import { resendQueued } from './resend.ts'
import { deafUs, settingsOf, tickUs } from './settings.ts'
import { discardSilence, judgeSilence } from './silence.ts'
import { Health, isLink, makeState, stateOf, Target, waitingAt, type State } from './state.ts'
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
  return new Core(state)
}

/** A class only so that many cores share their methods: thirty simulated gateways then share what is in the processor's caches. */
class Core implements RoutingCore {
  readonly effects: EffectBuffer
  private readonly state: State

  constructor(state: State) {
    this.effects = state.effects
    this.state = state
  }

  get nextTickUs(): number {
    return this.state.nextTickUs
  }

  request(plan: RoutePlan, flags: number, random: number, pin: number, nowUs: number): number {
    return takeRequest(this.state, plan, flags, random, pin, nowUs)
  }

  head(attempt: number, status: number, fromGateway: boolean, nowUs: number): void {
    takeHead(this.state, attempt, status, fromGateway, nowUs)
    settle(this.state, nowUs)
  }

  heard(target: number, nowUs: number): void {
    if (isTarget(this.state, target)) heardFrom(this.state, target, nowUs)
    settle(this.state, nowUs)
  }

  finished(attempt: number, ending: AttemptEnding, sent: boolean, nowUs: number): void {
    takeEnding(this.state, attempt, ending, sent, nowUs)
    settle(this.state, nowUs)
  }

  abandoned(ticket: number, nowUs: number): void {
    abandonTicket(this.state, ticket)
    settle(this.state, nowUs)
  }

  probed(target: number, ok: boolean, cause: HealthCause, elapsedUs: number, unavailable: readonly number[], nowUs: number): void {
    takeProbe(this.state, target, ok, cause, elapsedUs, unavailable, nowUs)
  }

  tick(lagUs: number, nowUs: number): void {
    tick(this.state, lagUs, nowUs)
  }

  swap(topology: CoreTopology, health: HealthSettings, nowUs: number): void {
    const { state } = this
    state.settings = settingsOf(health)
    swapTopology(state, topology, nowUs)
    settle(state, nowUs)
    state.nextTickUs = Math.min(state.nextTickUs, nextTick(state, nowUs))
  }

  targetState(target: number): HealthState {
    return healthStates[stateOf(this.state.tables.targets, target)]
  }

  cellState(service: number, target: number): HealthState {
    return cellState(this.state, service, target)
  }

  latency(target: number): { p50Us: number; p99Us: number; count: number } {
    return latencyOf(this.state, target)
  }

  outstanding(target: number): number {
    return waitingAt(this.state.tables.targets, target)
  }

  unavailableServices(): readonly number[] {
    return unavailableServices(this.state)
  }
}

function takeProbe(
  state: State, target: number, ok: boolean, cause: HealthCause, elapsedUs: number, unavailable: readonly number[], nowUs: number,
): void {
  const { targets } = state.tables
  if (!isTarget(state, target) || targets.probing[target] === 0) return
  targets.probing[target] = 0
  if (ok) probeSucceeded(state, target, elapsedUs, unavailable, nowUs)
  else if (isSilent(cause) && isDoubtful(state, target, elapsedUs, nowUs)) {
    emit(state.effects, Effect.Discarded, target, Math.max(0, elapsedUs - targets.probeTimeoutUs[target]), 0, 0)
    repeatProbe(state, target, nowUs)
  } else probeFailed(state, target, cause, nowUs)
  settle(state, nowUs)
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
  if (!isEmpty(state.urgentProbes)) {
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
  expireFlights(state, deaf, nowUs)
  settle(state, nowUs)
  sendProbes(state, nowUs)
  state.nextTickUs = nextTick(state, nowUs)
}

function nextTick(state: State, nowUs: number): number {
  if (state.flights.waiting > 0) return nowUs + tickUs
  if (!noProbesQueued(state) || state.anyRegionDirty) return nowUs + tickUs
  const probeUs = Math.max(nowUs, nextDeadline(state.tables.probeTimers))
  return state.flights.detached > 0 ? Math.min(probeUs, nowUs + tickUs) : probeUs
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
    if (cells.service[cell] === service) return healthStates[isLink(targets, target) ? stateOf(cells, cell) : stateOf(targets, target)]
  }
  return healthStates[stateOf(targets, target)]
}

function latencyOf(state: State, target: number) {
  const { latencies } = state
  const histogram = state.tables.targets.words[target * rowWords + Target.latency]
  if (histogram === -1) return { p50Us: NaN, p99Us: NaN, count: 0 }
  return { p50Us: latencies.p50Us[histogram], p99Us: latencies.p99Us[histogram], count: answersOf(latencies, histogram) }
}

/** Kept until an endpoint changes, because every probe over every link asks for it. */
function unavailableServices(state: State): readonly number[] {
  if (!state.unavailableDirty) return state.unavailable
  state.unavailableDirty = false
  const { targets } = state.tables
  const { services, ownRegion } = state.topology
  state.unavailable = []
  services.forEach((service, index) => {
    const own = service.targets.filter((target) => !isLink(targets, target) && targets.words[target * rowWords + Target.region] === ownRegion)
    if (own.length > 0 && own.every((target) => stateOf(targets, target) === Health.ejected)) state.unavailable.push(index)
  })
  return state.unavailable
}
