// Silence is evidence: when several requests are out and no byte comes back for longer than the service's own
// slowest answers take, something is wrong, although nothing was refused. A cell is looked at when its silence could
// first mean something, and from then on with every tick: most have answered long before.

import { Effect } from './core.ts'
import { collect, note, placeIn } from './agenda.ts'
import { rowTimes, rowWords } from './columns.ts'
import { emit } from './effects.ts'
import { eject, suspect } from './health.ts'
import { silenceOf, targetSilenceOf } from './observe.ts'
import { Cell, Health, isLink, rowOf, rowsOf, stateOf, Target, targetOfCell, waitingAt, type HealthRows, type State, type Tables } from './state.ts'

/**
 * Judges every target and cell that waits; in the order of the cells, whenever they were noted. Where a mesh owns
 * services, requests that wait say nothing of a link: its probes do.
 */
export function judgeSilence(state: State, nowUs: number): void {
  if (state.settings.meshOwnsServices) return
  const { cells, watch } = state.tables
  const silent: number[] = []
  const count = collect(watch, nowUs)
  for (let at = 0; at < count; at++) {
    const cell = watch.due[at]
    const row = cell * rowWords
    if (cells.words[row + Cell.waiting] === 0) {
      cells.words[row + Cell.watched] = 0
      continue
    }
    const lookUs = quietSince(cells.times, cell) + state.settings.leastSilenceUs
    note(watch, cell, placeIn(watch, lookUs))
    if (lookUs <= nowUs) silent.push(cell)
  }
  for (const cell of silent.sort(ascending)) judgeCell(state, cell, nowUs)
}

const ascending = (a: number, b: number): number => a - b

function quietSince(times: Float64Array, cell: number): number {
  return Math.max(times[cell * rowTimes + Cell.sinceUs], times[cell * rowTimes + Cell.heardUs])
}

/** The target is heard whenever one of its cells is, so a cell whose own quiet is short needs no look. */
function judgeCell(state: State, cell: number, nowUs: number): void {
  const { settings, tables } = state
  const { targets, cells } = tables
  const target = targetOfCell(cells, cell)
  if (waitingAt(targets, target) < settings.silenceMinOutstanding) return
  const quietTargetUs = quietAtTarget(tables, cell, target, nowUs)
  const limitUs = targetSilenceOf(state, cell)
  if (quietTargetUs >= limitUs) blame(state, target, quietTargetUs, limitUs, nowUs)
  else if (isLink(targets, target) && waitingAt(cells, cell) >= settings.silenceMinOutstanding) {
    const quietUs = nowUs - quietSince(cells.times, cell)
    const ownLimitUs = silenceOf(state, cell)
    if (quietUs >= ownLimitUs) blame(state, ~cell, quietUs, ownLimitUs, nowUs)
  }
}

function quietAtTarget({ cells, targets }: Tables, cell: number, target: number, nowUs: number): number {
  return nowUs - Math.max(cells.times[cell * rowTimes + Cell.sinceUs], targets.times[target * rowTimes + Target.heardUs])
}

function blame(state: State, place: number, quietUs: number, limitUs: number, nowUs: number): void {
  const now = stateOf(rowsOf(state.tables, place), rowOf(place))
  if (now === Health.ejected) return
  if (now === Health.suspect) {
    if (quietUs >= condemnedAfter(state, place, limitUs)) eject(state, place, 'silence', nowUs)
  } else suspect(state, place, 'silence', 2 * limitUs, nowUs)
}

/**
 * Twice the limit. What has answered a probe since it was suspected lives and may only have become slow: it is left
 * alone, and condemned by the longest silence only.
 */
function condemnedAfter(state: State, place: number, limitUs: number): number {
  const { targets } = state.tables
  const alive = place >= 0 && targets.aliveUs[place] > targets.suspectUs[place]
  return alive ? Math.max(2 * limitUs, state.settings.silenceMaxUs) : 2 * limitUs
}

/**
 * The event loop was late: whatever looks silent now may only have been unread. Tells which targets would have
 * been judged, and starts every clock of silence again.
 */
export function discardSilence(state: State, lagUs: number, nowUs: number): void {
  const { tables, settings } = state
  const { targets, cells } = tables
  for (let cell = 0; cell < tables.cellCount; cell++) {
    if (isAtRest(cells, cell)) continue
    const target = targetOfCell(cells, cell)
    const waits = waitingAt(cells, cell) > 0 && waitingAt(targets, target) >= settings.silenceMinOutstanding
    if (waits && quietAtTarget(tables, cell, target, nowUs) >= targetSilenceOf(state, cell)) {
      emit(state.effects, Effect.Discarded, target, lagUs, 0, 0)
      targets.times[target * rowTimes + Target.heardUs] = nowUs
    }
    cells.times[cell * rowTimes + Cell.heardUs] = nowUs
  }
  for (let target = 0; target < tables.targetCount; target++) {
    if (!isAtRest(targets, target)) targets.times[target * rowTimes + Target.heardUs] = nowUs
  }
}

function isAtRest(rows: HealthRows, row: number): boolean {
  return waitingAt(rows, row) === 0 && stateOf(rows, row) === Health.healthy
}
