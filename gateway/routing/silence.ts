// Silence is evidence: when several requests are out and no byte comes back for longer than the service's own
// slowest answers take, something is wrong, although nothing was refused. Looked at on every tick, over the
// targets and cells that wait for something and no others.

import { Effect } from './core.ts'
import { emit } from './effects.ts'
import { eject, suspect } from './health.ts'
import { silenceOf, targetSilenceOf } from './observe.ts'
import { Health, type State } from './state.ts'

/** Judges every target and cell that waits. */
export function judgeSilence(state: State, nowUs: number): void {
  const { tables, settings } = state
  const { targets, cells, activeCells } = tables
  for (let at = activeCells.length - 1; at >= 0; at--) {
    const cell = activeCells.items[at]
    if (cells.waiting[cell] === 0) continue
    const target = cells.target[cell]
    if (targets.waiting[target] < settings.silenceMinOutstanding) continue
    const quietTargetUs = nowUs - Math.max(cells.sinceUs[cell], targets.heardUs[target])
    const limitUs = targetSilenceOf(state, cell)
    if (quietTargetUs >= limitUs) {
      blame(state, target, quietTargetUs, limitUs, nowUs)
    } else if (targets.link[target] === 1 && cells.waiting[cell] >= settings.silenceMinOutstanding) {
      const quietUs = nowUs - Math.max(cells.sinceUs[cell], cells.heardUs[cell])
      const ownLimitUs = silenceOf(state, cell)
      if (quietUs >= ownLimitUs) blame(state, ~cell, quietUs, ownLimitUs, nowUs)
    }
  }
}

function blame(state: State, place: number, quietUs: number, limitUs: number, nowUs: number): void {
  const now = place >= 0 ? state.tables.targets.state[place] : state.tables.cells.state[~place]
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
  const { targets, cells, activeTargets, activeCells } = state.tables
  for (let at = 0; at < activeCells.length; at++) {
    const cell = activeCells.items[at]
    const target = cells.target[cell]
    const quietUs = nowUs - Math.max(cells.sinceUs[cell], targets.heardUs[target])
    const waits = cells.waiting[cell] > 0 && targets.waiting[target] >= state.settings.silenceMinOutstanding
    if (waits && quietUs >= targetSilenceOf(state, cell)) {
      emit(state.effects, Effect.Discarded, target, lagUs, 0, 0)
      targets.heardUs[target] = nowUs
    }
    cells.heardUs[cell] = nowUs
  }
  for (let at = 0; at < activeTargets.length; at++) targets.heardUs[activeTargets.items[at]] = nowUs
}
