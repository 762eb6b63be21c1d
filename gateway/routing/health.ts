// The state machine of a place (a target, or a service behind a link), and nothing else: who may change to
// what, what is told, and what work follows. The work itself (probes, hedges, region state) is queued and done
// when the event is over, so that one event sees one consistent picture.
//
//            evidence            probe silent, failures,        5 successes over >= 3 s
//   healthy ─────────► suspect ──── continued silence ──► ejected ─────────► recovering
//      ▲                  │                                  ▲                  │   │
//      └── a byte back ───┘                                  └──── any failure ─┘   │
//      └────────────────────────────── ramp complete ───────────────────────────────┘

import { Effect, healthCauses } from './core.ts'
import type { HealthCause } from '../ports.ts'
import { grantBurst } from './budget.ts'
import { emit } from './effects.ts'
import { flapUs, longestRecoveryUs } from './settings.ts'
import { rowWords } from './columns.ts'
import { Health, isLink, Row, rowOf, rowsOf, stateOf, Target, targetOf, waitingAt, type HealthRows, type State } from './state.ts'

const causeCodes = new Map(healthCauses.map((cause, code) => [cause, code]))

export function causeCode(cause: HealthCause): number {
  return causeCodes.get(cause) ?? 0
}

/** How waiting attempts of a place are to be sent again: beside the old ones, or because those are lost. */
export const Move = { hedge: 0, move: 1 } as const

export function changeState(state: State, place: number, next: number, cause: HealthCause): void {
  const { tables } = state
  const rows = rowsOf(tables, place)
  const row = rowOf(place)
  const target = targetOf(tables, place)
  const from = stateOf(rows, row)
  if (from === next) return
  rows.words[row * rowWords + Row.state] = next
  rows.cause[row] = causeCode(cause)
  emit(state.effects, Effect.TargetState, target, place >= 0 ? -1 : tables.cells.service[row], next + 16 * from, causeCode(cause))
  if (next === Health.recovering) tables.ramping.add(place)
  else if (from === Health.recovering) tables.ramping.delete(place)
  const region = tables.targets.words[target * rowWords + Target.region]
  if (place >= 0) {
    const link = isLink(tables.targets, row)
    if (!link) state.unavailableDirty = true
    tables.regionDirty[region] = Math.max(tables.regionDirty[region], link ? 2 : 1)
  } else {
    tables.targets.unhealthyCells[target] += Number(next !== Health.healthy) - Number(from !== Health.healthy)
    if (tables.regionDirty[region] === 0) tables.regionDirty[region] = 1
  }
  state.anyRegionDirty = true
}

/**
 * Something speaks against a place. `hedgeUs` above nought: what waits there is sent elsewhere as well, and one
 * request may try the place again after that time. A recovering place has no credit left and is ejected.
 */
export function suspect(state: State, place: number, cause: HealthCause, hedgeUs: number, nowUs: number): void {
  if (isLeftToMesh(state, place)) return
  const rows = rowsOf(state.tables, place)
  const row = rowOf(place)
  const now = stateOf(rows, row)
  if (now === Health.recovering) return eject(state, place, cause, nowUs)
  if (now === Health.healthy) {
    changeState(state, place, Health.suspect, cause)
    rows.suspectUs[row] = nowUs
    rows.trialUs[row] = hedgeUs > 0 ? nowUs + hedgeUs : Infinity
    grantBurst(state.budget, state.settings, waitingAt(rows, row), nowUs)
    if (hedgeUs > 0) state.moves.push(place, Move.hedge)
  }
  if (place >= 0 && now !== Health.ejected) state.urgentProbes.items.push(place)
}

/** Endpoints, and services behind links, when a mesh owns their failover: it must see every request that they get. */
function isLeftToMesh({ settings, tables }: State, place: number): boolean {
  return settings.meshOwnsServices && (place < 0 || !isLink(tables.targets, place))
}

export function eject(state: State, place: number, cause: HealthCause, nowUs: number): void {
  if (isLeftToMesh(state, place)) return
  const rows = rowsOf(state.tables, place)
  const row = rowOf(place)
  const from = stateOf(rows, row)
  rows.successes[row] = 0
  if (from === Health.ejected) return
  const flapping = from === Health.recovering || nowUs - rows.restedUs[row] < flapUs
  rows.flaps[row] = flapping ? Math.min(16, rows.flaps[row] + 1) : 0
  rows.ejectedUs[row] = nowUs
  rows.trialUs[row] = Infinity
  if (from !== Health.suspect) grantBurst(state.budget, state.settings, waitingAt(rows, row), nowUs)
  changeState(state, place, Health.ejected, cause)
  if (place >= 0) emit(state.effects, Effect.Drain, place, 0, 0, 0)
  state.moves.push(place, Move.move)
}

/** Back to healthy: a suspect that spoke, or a ramp that is complete. */
export function heal(state: State, place: number, cause: HealthCause, nowUs: number): void {
  const rows = rowsOf(state.tables, place)
  const row = rowOf(place)
  if (stateOf(rows, row) === Health.recovering) rows.restedUs[row] = nowUs
  forgive(rows, row)
  rows.trialUs[row] = Infinity
  changeState(state, place, Health.healthy, cause)
}

function forgive({ words }: HealthRows, row: number): void {
  words[row * rowWords + Row.failures] = 0
  words[row * rowWords + Row.errors] = 0
  words[row * rowWords + Row.late] = 0
}

export function beginRamp(state: State, place: number, cause: HealthCause, nowUs: number): void {
  const rows = rowsOf(state.tables, place)
  const row = rowOf(place)
  forgive(rows, row)
  rows.rampUs[row] = nowUs
  changeState(state, place, Health.recovering, cause)
}

/**
 * A probe spoke for an ejected place. After enough successes over long enough it ramps up; how long doubles
 * with each ejection within a minute of the last recovery, up to 30 s.
 */
export function countSuccess(state: State, place: number, nowUs: number): void {
  const rows = rowsOf(state.tables, place)
  const row = rowOf(place)
  if (rows.successes[row]++ === 0) rows.firstSuccessUs[row] = nowUs
  const leastUs = Math.min(Math.max(longestRecoveryUs, state.settings.recoveryMinUs), state.settings.recoveryMinUs * 2 ** rows.flaps[row])
  if (rows.successes[row] < state.settings.recoverySuccesses || nowUs - rows.firstSuccessUs[row] < leastUs) return
  beginRamp(state, place, 'probe-succeeded', nowUs)
}

/** Share of its traffic that a recovering place may take now, `rampStart` to 1. */
export function rampShare(state: State, place: number, nowUs: number): number {
  const { rampStart, rampUs } = state.settings
  const elapsed = nowUs - rowsOf(state.tables, place).rampUs[rowOf(place)]
  return elapsed >= rampUs ? 1 : rampStart + (1 - rampStart) * (elapsed / rampUs)
}

/** Ends the ramps that are complete. */
export function advanceRamps(state: State, nowUs: number): void {
  const { tables, settings } = state
  for (const place of tables.ramping) {
    if (nowUs - rowsOf(tables, place).rampUs[rowOf(place)] >= settings.rampUs) heal(state, place, 'ramp-complete', nowUs)
  }
}
