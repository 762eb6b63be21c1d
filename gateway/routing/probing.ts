// Active probes: when, with which timeout, and what their results mean. Targets that answer traffic need none;
// those that are in doubt come first; all together never exceed the cap. Jitter is a hash of the target's key
// and the probe's number, so that a replay probes at the same times.

import { Effect } from './core.ts'
import type { HealthCause } from '../ports.ts'
import { rowTimes, rowWords } from './columns.ts'
import { arm, expire } from './deadlines.ts'
import { emit } from './effects.ts'
import { beginRamp, causeCode, countSuccess, eject, heal, suspect } from './health.ts'
import { connectionFailed } from './observe.ts'
import { measurePath } from './region.ts'
import { busyLinkProbeUs, tickUs } from './settings.ts'
import { Health, isLink, mix, priorOf, stateOf, Target, waitingAt, type Queue, type State } from './state.ts'

/** A probe that is not reported this long after its timeout is forgotten (its reporter died). */
const forgottenUs = 2_000_000

/** Interval ± 10 %, from the target's key and how many probes it had. */
function jittered(state: State, target: number): number {
  const { seed, probes } = state.tables.targets
  const share = mix(seed[target] + Math.imul(probes[target], 0x9e3779b1)) / 4_294_967_296
  return state.settings.probeIntervalUs * (0.9 + 0.2 * share)
}

/** Spreads the first probes of fresh targets over one interval. */
export function scheduleFirstProbe(state: State, target: number, nowUs: number): void {
  const share = mix(state.tables.targets.seed[target]) / 4_294_967_296
  arm(state.tables.probeTimers, target, nowUs + state.settings.probeIntervalUs * share)
}

/** Puts what is due into the queue. */
export function collectDueProbes(state: State, nowUs: number): void {
  const { targets, probeTimers } = state.tables
  const count = expire(probeTimers, nowUs)
  for (let at = 0; at < count; at++) {
    const target = probeTimers.expired[at]
    if (targets.probing[target] === 1) {
      if (nowUs > targets.probeSentUs[target] + targets.probeTimeoutUs[target] + forgottenUs) targets.probing[target] = 0
      arm(probeTimers, target, nowUs + jittered(state, target))
    } else if (isProvenByTraffic(state, target, nowUs)) {
      arm(probeTimers, target, targets.times[target * rowTimes + Target.answeredUs] + jittered(state, target))
    } else if (targets.queued[target] === 0) {
      targets.queued[target] = 1
      queueFor(state, target).items.push(target)
    }
  }
}

/** With thousands of endpoints the cap lets a target wait for many seconds: what matters most goes first. */
function queueFor(state: State, target: number): Queue {
  const { targets } = state.tables
  if (isLink(targets, target)) return state.linkProbes
  return stateOf(targets, target) === Health.ejected ? state.ejectedProbes : state.dueProbes
}

function isProvenByTraffic(state: State, target: number, nowUs: number): boolean {
  const { targets } = state.tables
  if (stateOf(targets, target) !== Health.healthy || targets.misses[target] > 0) return false
  if (nowUs - targets.times[target * rowTimes + Target.answeredUs] >= state.settings.probeIntervalUs * 0.9) return false
  if (!isLink(targets, target)) return true
  return targets.unhealthyCells[target] === 0 && nowUs - targets.probeSentUs[target] < busyLinkProbeUs
}

/** Sends queued probes while the cap allows: suspects, links, what is ejected, the rest; each by waiting time. */
export function sendProbes(state: State, nowUs: number): void {
  if (noProbesQueued(state)) return
  const rate = state.settings.probesPerSecond
  state.probeTokens = Math.min(Math.max(1, rate / 4), state.probeTokens + ((nowUs - state.probeTokensUs) * rate) / 1e6)
  state.probeTokensUs = nowUs
  sendQueued(state, state.urgentProbes, nowUs)
  sendQueued(state, state.linkProbes, nowUs)
  sendQueued(state, state.ejectedProbes, nowUs)
  sendQueued(state, state.dueProbes, nowUs)
}

export function noProbesQueued(state: State): boolean {
  return isEmpty(state.urgentProbes) && isEmpty(state.linkProbes) && isEmpty(state.ejectedProbes) && isEmpty(state.dueProbes)
}

function sendQueued(state: State, queue: Queue, nowUs: number): void {
  const { items } = queue
  while (queue.head < items.length && state.probeTokens >= 1) sendProbe(state, items[queue.head++], nowUs)
  // What was sent is cut off when it is half of the queue: thousands may wait.
  if (queue.head * 2 < items.length) return
  items.splice(0, queue.head)
  queue.head = 0
}

export function isEmpty({ items, head }: Queue): boolean {
  return items.length === head
}

function sendProbe(state: State, target: number, nowUs: number): void {
  const { targets, probeTimers } = state.tables
  targets.queued[target] = 0
  if (targets.probing[target] === 1) return
  state.probeTokens--
  targets.probing[target] = 1
  targets.probes[target]++
  targets.probeSentUs[target] = nowUs
  const timeoutMs = Math.ceil(probeTimeoutUs(state, target) / 1000)
  targets.probeTimeoutUs[target] = timeoutMs * 1000
  arm(probeTimers, target, nowUs + jittered(state, target))
  emit(state.effects, Effect.Probe, target, timeoutMs, 0, 0)
}

/**
 * max(200 ms, the path's slowest recent probe + 100 ms), never above the longest silence; an ejected target gets
 * the longest at once, so that a path that became slower but lives can come back.
 */
function probeTimeoutUs(state: State, target: number): number {
  const { probeMinTimeoutUs, probeMarginUs, silenceMaxUs } = state.settings
  const { targets } = state.tables
  const longest = Math.max(probeMinTimeoutUs, silenceMaxUs)
  if (stateOf(targets, target) === Health.ejected) return longest
  const pathUs = targets.pathCount[target] > 0 ? targets.pathMaxUs[target] : Math.max(0, priorOf(state.topology, targets.words[target * rowWords + Target.region]))
  return Math.min(longest, Math.max(probeMinTimeoutUs, pathUs + probeMarginUs))
}

export function probeSucceeded(state: State, target: number, elapsedUs: number, unavailable: readonly number[], nowUs: number): void {
  const { targets } = state.tables
  const link = isLink(targets, target)
  measurePath(state, target, elapsedUs)
  targets.aliveUs[target] = nowUs
  targets.misses[target] = 0
  targets.words[target * rowWords + Target.failures] = 0
  if (link) targets.times[target * rowTimes + Target.heardUs] = nowUs
  const now = stateOf(targets, target)
  if (now === Health.ejected) countSuccess(state, target, nowUs)
  else if (now === Health.suspect && mayClear(state, target, nowUs)) heal(state, target, 'probe-succeeded', nowUs)
  if (link && (unavailable.length > 0 || targets.unhealthyCells[target] > 0)) readUnavailable(state, target, unavailable, nowUs)
}

/**
 * A link that answers a probe is alive. An endpoint may answer probes while its requests hang: when requests met
 * silence there, only an answer to one clears it, or a while without any waiting.
 */
function mayClear(state: State, target: number, nowUs: number): boolean {
  const { targets } = state.tables
  if (isLink(targets, target) || targets.cause[target] !== causeCode('silence')) return true
  return waitingAt(targets, target) === 0 && nowUs - targets.suspectUs[target] >= state.settings.recoveryMinUs
}

/** What the far gateway says it cannot serve is ejected; what it no longer names comes back. */
function readUnavailable(state: State, target: number, unavailable: readonly number[], nowUs: number): void {
  const { cells, targetCells, targetCellStart } = state.tables
  const named = new Set(unavailable)
  for (let at = targetCellStart[target]; at < targetCellStart[target + 1]; at++) {
    const cell = targetCells[at]
    const now = stateOf(cells, cell)
    if (named.has(cells.service[cell])) {
      eject(state, ~cell, 'reported-by-peer', nowUs)
      cells.reported[cell] = 1
    } else if (now === Health.ejected) {
      if (cells.reported[cell] === 1) beginRamp(state, ~cell, 'probe-succeeded', nowUs)
      else countSuccess(state, ~cell, nowUs)
      cells.reported[cell] = 0
    } else if (now === Health.suspect) {
      const reported = cells.cause[cell] === causeCode('reported-by-peer')
      const idle = waitingAt(cells, cell) === 0 && nowUs - cells.suspectUs[cell] >= state.settings.recoveryMinUs
      if (reported || idle) heal(state, ~cell, 'probe-succeeded', nowUs)
    }
  }
}

export function probeFailed(state: State, target: number, cause: HealthCause, nowUs: number): void {
  const { targets } = state.tables
  const broken = cause === 'refused' || cause === 'reset' || cause === 'closed'
  // Traffic that came back while a probe met silence outweighs it: the path is slow, not dead,
  // and the next probes wait longer.
  if (isSilent(cause) && targets.times[target * rowTimes + Target.heardUs] > targets.probeSentUs[target]) {
    measurePath(state, target, Math.min(state.settings.silenceMaxUs, 2 * targets.probeTimeoutUs[target]))
    return
  }
  const misses = ++targets.misses[target]
  const now = stateOf(targets, target)
  if (broken) connectionFailed(state, target, cause, nowUs)
  const enough = misses >= state.settings.probeMisses
  if (now === Health.healthy) {
    if (enough) eject(state, target, 'probe-missed', nowUs)
    else suspect(state, target, 'probe-missed', 2 * state.settings.silenceMinUs, nowUs)
  } else if (now === Health.suspect) {
    const byProbes = targets.cause[target] === causeCode('probe-missed')
    if (enough || !(byProbes || broken)) eject(state, target, 'probe-missed', nowUs)
    else state.urgentProbes.items.push(target)
  } else eject(state, target, 'probe-missed', nowUs)
}

/** No answer, as opposed to a bad one or a broken connection: only this can be our own deafness. */
export function isSilent(cause: HealthCause): boolean {
  return cause === 'timeout' || cause === 'silence'
}

/** The verdict of a probe was not to be trusted: ask again soon. */
export function repeatProbe(state: State, target: number, nowUs: number): void {
  arm(state.tables.probeTimers, target, nowUs + tickUs)
}
