// What traffic itself says about health: heads, broken connections, refusals of a far gateway, and lateness.
// A link is blamed only for what the hop did; what a service behind it did is blamed on its cell.

import type { HealthCause } from '../ports.ts'
import { rowTimes, rowWords } from './columns.ts'
import { eject, heal, suspect } from './health.ts'
import { recordLatency, takeLatency } from './latency.ts'
import { measuredCount, patienceMaxUs, patienceMinUs, patienceMultiple } from './settings.ts'
import { Cell, Health, placeOf, priorOf, Row, rowOf, rowsOf, stateOf, Target, targetOfCell, type HealthRows, type State } from './state.ts'

/** A response head came: the target lives, whatever the status says of the service. */
export function observeHead(state: State, cell: number, status: number, fromGateway: boolean, sentUs: number, nowUs: number): void {
  const { tables } = state
  const { cells } = tables
  const target = targetOfCell(cells, cell)
  heardFrom(state, target, nowUs)
  if (fromGateway) return refusedByPeer(state, cell, nowUs)
  const place = placeOf(tables, cell)
  const rows = rowsOf(tables, place)
  const row = rowOf(place)
  const { words } = rows
  const at = row * rowWords
  cells.times[cell * rowTimes + Cell.heardUs] = nowUs
  words[at + Row.late] = 0
  if (place < 0) {
    words[at + Row.failures] = 0
    if (words[at + Row.state] === Health.suspect) heal(state, place, 'response-received', nowUs)
  }
  if (status >= 500) {
    resetByTime(state, rows, row, nowUs)
    if (++words[at + Row.errors] >= state.settings.consecutive5xx) eject(state, place, 'consecutive-5xx', nowUs)
    return
  }
  words[at + Row.errors] = 0
  measure(state, cell, target, nowUs - sentUs, nowUs)
}

/** An answer counts for the cell and for its target; a target with one cell has the cell's histogram for its own. */
function measure(state: State, cell: number, target: number, elapsedUs: number, nowUs: number): void {
  const { cells, targets } = state.tables
  const ofCell = cells.words[cell * rowWords + Cell.latency]
  const ofTarget = targets.words[target * rowWords + Target.latency]
  if (ofCell === -1 || ofTarget === -1) {
    giveHistograms(state, cell, target, nowUs)
    return measure(state, cell, target, elapsedUs, nowUs)
  }
  if (recordLatency(state.latencies, ofCell, elapsedUs, nowUs)) readMeasure(state, cells, cell, ofCell)
  if (ofTarget === ofCell) targets.times[target * rowTimes + Target.p99Us] = cells.times[cell * rowTimes + Cell.p99Us]
  else if (recordLatency(state.latencies, ofTarget, elapsedUs, nowUs)) readMeasure(state, targets, target, ofTarget)
}

function readMeasure({ latencies }: State, rows: HealthRows, row: number, histogram: number): void {
  if (latencies.count[histogram] >= measuredCount) rows.times[row * rowTimes + Row.p99Us] = latencies.p99Us[histogram]
}

function giveHistograms(state: State, cell: number, target: number, nowUs: number): void {
  const { cells, targets, targetCellStart } = state.tables
  const ofTarget = target * rowWords + Target.latency
  const ofCell = cell * rowWords + Cell.latency
  const fresh = targets.words[ofTarget] === -1
  if (cells.words[ofCell] === -1) cells.words[ofCell] = takeLatency(state.latencies, nowUs)
  if (!fresh) return
  const alone = targetCellStart[target + 1] - targetCellStart[target] === 1
  targets.words[ofTarget] = alone ? cells.words[ofCell] : takeLatency(state.latencies, nowUs)
}

/** A byte came back from a target: its silence is broken, and a suspect is cleared. */
export function heardFrom(state: State, target: number, nowUs: number): void {
  const { words, times } = state.tables.targets
  times[target * rowTimes + Target.heardUs] = nowUs
  times[target * rowTimes + Target.answeredUs] = nowUs
  words[target * rowWords + Target.failures] = 0
  if (words[target * rowWords + Target.state] === Health.suspect) heal(state, target, 'response-received', nowUs)
}

/** The far gateway lives and says that it did not deliver: the service there suffers, the link does not. */
function refusedByPeer(state: State, cell: number, nowUs: number): void {
  const { cells } = state.tables
  resetByTime(state, cells, cell, nowUs)
  const failures = ++cells.words[cell * rowWords + Cell.failures]
  if (failures >= state.settings.connectionFailures) eject(state, ~cell, 'reported-by-peer', nowUs)
  else suspect(state, ~cell, 'reported-by-peer', 0, nowUs)
}

/** Refused, reset, closed before the end, or never connected: suspect now, ejected when it happens in a row. */
export function connectionFailed(state: State, target: number, cause: HealthCause, nowUs: number): void {
  const { targets } = state.tables
  resetByTime(state, targets, target, nowUs)
  const failures = ++targets.words[target * rowWords + Target.failures]
  if (failures >= state.settings.connectionFailures) eject(state, target, cause, nowUs)
  else suspect(state, target, cause, 0, nowUs)
}

/** The known trap, kept to be shown: counters that start again each interval never reach their limit on slow traffic. */
function resetByTime(state: State, rows: HealthRows, row: number, nowUs: number): void {
  const interval = state.settings.counterResetUs
  if (interval > 0 && Math.floor(nowUs / interval) !== Math.floor(rows.countersUs[row] / interval)) {
    rows.words[row * rowWords + Row.failures] = 0
    rows.words[row * rowWords + Row.errors] = 0
  }
  rows.countersUs[row] = nowUs
}

/**
 * A lone request got no head within its patience. It speaks against the target only when nothing else was heard
 * there for as long; as many late in a row as make a silence eject the place.
 */
export function observeLate(state: State, cell: number, sentUs: number, trial: boolean, nowUs: number): void {
  if (state.settings.meshOwnsServices) return
  const { targets, cells } = state.tables
  const target = targetOfCell(cells, cell)
  const place = placeOf(state.tables, cell)
  const rows = rowsOf(state.tables, place)
  const row = rowOf(place)
  const late = row * rowWords + Row.late
  const unheard = cells.times[cell * rowTimes + Cell.heardUs] <= sentUs
  if (cells.times[cell * rowTimes + Cell.p99Us] > 0 && sentUs >= rows.lateUs[row]) {
    rows.words[late]++
    rows.lateUs[row] = nowUs
  }
  const manyLate = unheard && rows.words[late] >= state.settings.silenceMinOutstanding
  if (trial || manyLate || (unheard && stateOf(rows, row) === Health.recovering)) eject(state, place, 'silence', nowUs)
  if (targets.times[target * rowTimes + Target.heardUs] <= sentUs && stateOf(targets, target) === Health.healthy) {
    suspect(state, target, 'silence', 2 * silenceOf(state, cell), nowUs)
  }
}

/** Silence that makes a suspect, microseconds: clamp(2 x the cell's p99, 150 ms, 1 s); the longest while unmeasured. */
export function silenceOf(state: State, cell: number): number {
  return clampSilence(state, state.tables.cells.times[cell * rowTimes + Cell.p99Us])
}

/** The same for a whole target, judged by one of its waiting cells: by the target's p99 where the cell has none yet. */
export function targetSilenceOf(state: State, cell: number): number {
  return clampSilence(state, p99Of(state, cell))
}

/** The cell's where it is measured, else its target's; nought when neither is. */
function p99Of(state: State, cell: number): number {
  const { cells, targets } = state.tables
  const own = cells.times[cell * rowTimes + Cell.p99Us]
  return own > 0 ? own : targets.times[targetOfCell(cells, cell) * rowTimes + Target.p99Us]
}

function clampSilence(state: State, p99Us: number): number {
  const { silenceMinUs, silenceMaxUs, silenceMultiple } = state.settings
  return p99Us === 0 ? silenceMaxUs : Math.min(silenceMaxUs, Math.max(silenceMinUs, silenceMultiple * p99Us))
}

/** How long one request waits for its head before it is hedged; no longer than a silence where the place has no credit. */
export function patienceOf(state: State, cell: number): number {
  const { cells, targets } = state.tables
  const target = targetOfCell(cells, cell)
  const measuredUs = p99Of(state, cell)
  const p99Us = measuredUs > 0 ? measuredUs : Math.max(0, priorOf(state.topology, targets.words[target * rowWords + Target.region]))
  const patienceUs = Math.min(patienceMaxUs, Math.max(patienceMinUs, patienceMultiple * p99Us))
  const credit = (stateOf(targets, target) | stateOf(cells, cell)) === Health.healthy
  return credit ? patienceUs : Math.min(patienceUs, targetSilenceOf(state, cell))
}
