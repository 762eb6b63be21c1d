// What traffic itself says about health: heads, broken connections, refusals of a far gateway, and lateness.
// A link is blamed only for what the hop did; what a service behind it did is blamed on its cell.

import type { HealthCause } from '../ports.ts'
import { eject, heal, suspect } from './health.ts'
import { recordLatency, takeLatency } from './latency.ts'
import { measuredCount, patienceMaxUs, patienceMinUs, patienceMultiple } from './settings.ts'
import { Health, placeOf, priorOf, rowOf, rowsOf, type HealthRows, type State } from './state.ts'

/** A response head came: the target lives, whatever the status says of the service. */
export function observeHead(state: State, cell: number, status: number, fromGateway: boolean, sentUs: number, nowUs: number): void {
  const { targets, cells } = state.tables
  const target = cells.target[cell]
  heardFrom(state, target, nowUs)
  if (fromGateway) return refusedByPeer(state, cell, nowUs)
  const place = placeOf(state.tables, cell)
  const rows = rowsOf(state.tables, place)
  const row = rowOf(place)
  cells.heardUs[cell] = nowUs
  rows.late[row] = 0
  if (place < 0) {
    rows.failures[row] = 0
    if (rows.state[row] === Health.suspect) heal(state, place, 'response-received', nowUs)
  }
  if (status >= 500) {
    resetByTime(state, rows, row, nowUs)
    if (++rows.errors[row] >= state.settings.consecutive5xx) eject(state, place, 'consecutive-5xx', nowUs)
    return
  }
  rows.errors[row] = 0
  measure(state, cells, cell, nowUs - sentUs, nowUs)
  measure(state, targets, target, nowUs - sentUs, nowUs)
}

function measure(state: State, rows: HealthRows, row: number, elapsedUs: number, nowUs: number): void {
  if (rows.latency[row] === -1) rows.latency[row] = takeLatency(state.latencies, nowUs)
  recordLatency(state.latencies, rows.latency[row], elapsedUs, nowUs)
}

/** A byte came back from a target: its silence is broken, and a suspect is cleared. */
export function heardFrom(state: State, target: number, nowUs: number): void {
  const { targets } = state.tables
  targets.heardUs[target] = nowUs
  targets.answeredUs[target] = nowUs
  targets.failures[target] = 0
  if (targets.state[target] === Health.suspect) heal(state, target, 'response-received', nowUs)
}

/** The far gateway lives and says that it did not deliver: the service there suffers, the link does not. */
function refusedByPeer(state: State, cell: number, nowUs: number): void {
  const { cells } = state.tables
  resetByTime(state, cells, cell, nowUs)
  if (++cells.failures[cell] >= state.settings.connectionFailures) eject(state, ~cell, 'reported-by-peer', nowUs)
  else suspect(state, ~cell, 'reported-by-peer', 0, nowUs)
}

/** Refused, reset, closed before the end, or never connected: suspect now, ejected when it happens in a row. */
export function connectionFailed(state: State, target: number, cause: HealthCause, nowUs: number): void {
  const { targets } = state.tables
  resetByTime(state, targets, target, nowUs)
  if (++targets.failures[target] >= state.settings.connectionFailures) eject(state, target, cause, nowUs)
  else suspect(state, target, cause, 0, nowUs)
}

/** The known trap, kept to be shown: counters that start again each interval never reach their limit on slow traffic. */
function resetByTime(state: State, rows: HealthRows, row: number, nowUs: number): void {
  const interval = state.settings.counterResetUs
  if (interval > 0 && Math.floor(nowUs / interval) !== Math.floor(rows.countersUs[row] / interval)) {
    rows.failures[row] = 0
    rows.errors[row] = 0
  }
  rows.countersUs[row] = nowUs
}

/**
 * A lone request got no head within its patience. It speaks against the target only when nothing else was heard
 * there for as long; as many late in a row as make a silence eject the place.
 */
export function observeLate(state: State, cell: number, sentUs: number, trial: boolean, nowUs: number): void {
  const { targets, cells } = state.tables
  const target = cells.target[cell]
  const place = placeOf(state.tables, cell)
  const rows = rowsOf(state.tables, place)
  const row = rowOf(place)
  const unheard = cells.heardUs[cell] <= sentUs
  if (isMeasured(state, cells.latency[cell]) && sentUs >= rows.lateUs[row]) {
    rows.late[row]++
    rows.lateUs[row] = nowUs
  }
  if (trial || (unheard && rows.late[row] >= state.settings.silenceMinOutstanding) || (unheard && rows.state[row] === Health.recovering)) {
    eject(state, place, 'silence', nowUs)
  }
  if (targets.heardUs[target] <= sentUs && targets.state[target] === Health.healthy) {
    suspect(state, target, 'silence', 2 * silenceOf(state, cell), nowUs)
  }
}

/** Silence that makes a suspect, microseconds: clamp(2 x the cell's p99, 150 ms, 1 s); the longest while unmeasured. */
export function silenceOf(state: State, cell: number): number {
  return clampSilence(state, state.tables.cells.latency[cell])
}

/** The same for a whole target, judged by one of its waiting cells: by the target's p99 where the cell has none yet. */
export function targetSilenceOf(state: State, cell: number): number {
  const { cells, targets } = state.tables
  const own = cells.latency[cell]
  return clampSilence(state, isMeasured(state, own) ? own : targets.latency[cells.target[cell]])
}

function clampSilence(state: State, histogram: number): number {
  const { silenceMinUs, silenceMaxUs, silenceMultiple } = state.settings
  if (!isMeasured(state, histogram)) return silenceMaxUs
  return Math.min(silenceMaxUs, Math.max(silenceMinUs, silenceMultiple * state.latencies.p99Us[histogram]))
}

/** How long one request waits for its head before it is hedged; no longer than a silence where the place has no credit. */
export function patienceOf(state: State, cell: number): number {
  const { cells, targets } = state.tables
  const target = cells.target[cell]
  const own = cells.latency[cell]
  const histogram = isMeasured(state, own) ? own : targets.latency[target]
  const p99Us = isMeasured(state, histogram) ? state.latencies.p99Us[histogram] : Math.max(0, priorOf(state.topology, targets.region[target]))
  const patienceUs = Math.min(patienceMaxUs, Math.max(patienceMinUs, patienceMultiple * p99Us))
  const credit = (targets.state[target] | cells.state[cell]) === Health.healthy
  return credit ? patienceUs : Math.min(patienceUs, targetSilenceOf(state, cell))
}

function isMeasured(state: State, histogram: number): boolean {
  return histogram !== -1 && state.latencies.count[histogram] >= measuredCount
}
