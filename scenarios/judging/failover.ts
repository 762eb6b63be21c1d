// failover_time: from the moment the fault was asked for to the last failed or slow probe of the affected
// groups, and which named event of the history ended each stage on the way (the design's section 4).

import type { HistoryEvent } from '../../topologies/history.ts'
import type { FailoverMeasurement } from '../verdict.ts'
import type { JudgeContext } from './context.ts'
import { placeOfSource, regionOfTarget } from './places.ts'
import { countRows } from './rows.ts'
import { percentile } from './statistics.ts'

/** A bad probe this close to the healing means that the gateway had not recovered by itself. */
export const notRecoveredWithinUs = 3_000_000

/** One affected group. */
export interface GroupFailover {
  group: string
  probes: number
  failed: number
  slow: number
  /** Slower than 250 ms on a path without a normal latency: may be slow, may be not. */
  unjudged: number
  intervalMs: number
  resolutionMs: number
  /** Last bad scheduled start after zero; null = none. `low` takes what is unjudged for good, `high` for bad. */
  lastBadMs: { low: number | null; high: number | null }
  /** Last bad + interval, at least the resolution. */
  valueMs: { low: number; high: number }
  belowResolution: boolean
  notRecovered: { low: boolean; high: boolean }
}

export type FailoverResult = { groups: GroupFailover[]; measurement: FailoverMeasurement } | { unknown: string }

export function measureFailover(context: JudgeContext): FailoverResult {
  const { plan, span } = context
  if (plan.faults.length === 0) return { unknown: 'the plan has no fault' }
  if (plan.affectedGroups.length === 0) return { unknown: 'no group of clients is affected by the fault' }
  if (span === null) return { unknown: 'the history lacks the events of a fault that was asked for, in force and healed' }
  const lengthUs = span.healAskedUs - span.zeroUs
  if (lengthUs <= notRecoveredWithinUs) {
    return { unknown: `the fault lasted ${lengthUs / 1e6} s, too short to show a recovery (3 s)` }
  }
  const groups: GroupFailover[] = []
  for (const name of plan.affectedGroups) {
    const group = measureGroup(context, name, span.zeroUs, span.healAskedUs)
    if ('unknown' in group) return group
    groups.push(group)
  }
  return { groups, measurement: combine(context, groups, span.zeroUs) }
}

function measureGroup(context: JudgeContext, name: string, zeroUs: number, healUs: number): GroupFailover | { unknown: string } {
  const intervalMs = proberIntervalMs(context, name)
  if (intervalMs === null) return { unknown: `the plan has no prober for group ${name}` }
  const { requests } = context.history
  const rows = context.select({ source: 'prober', group: name })
  const group: GroupFailover = {
    group: name, probes: 0, failed: 0, slow: 0, unjudged: 0, intervalMs, resolutionMs: intervalMs,
    lastBadMs: { low: null, high: null }, valueMs: { low: 0, high: 0 }, belowResolution: true, notRecovered: { low: false, high: false },
  }
  const lagsMs: number[] = []
  const bad = { low: -Infinity, high: -Infinity }
  for (const row of rows) {
    const atUs = requests.scheduledUs[row]
    const endUs = requests.startUs[row] + requests.durationUs[row]
    if (endUs < zeroUs || atUs >= healUs) continue
    if (atUs >= zeroUs) group.probes++
    lagsMs.push((requests.startUs[row] - atUs) / 1000)
    const slow = context.slow(row)
    if (context.failed(row)) group.failed++
    else if (slow === true) group.slow++
    else if (slow === null) group.unjudged++
    if (context.failed(row) || slow !== false) bad.high = Math.max(bad.high, atUs)
    if (context.failed(row) || slow === true) bad.low = Math.max(bad.low, atUs)
  }
  if (group.probes === 0) return { unknown: `the prober of group ${name} sent nothing while the fault was in force` }
  group.resolutionMs = Math.max(intervalMs, percentile(Float64Array.from(lagsMs), 99))
  for (const side of ['low', 'high'] as const) {
    const sinceZeroMs = (bad[side] - zeroUs) / 1000
    group.lastBadMs[side] = sinceZeroMs >= 0 ? sinceZeroMs : null
    group.valueMs[side] = Math.max(sinceZeroMs >= 0 ? sinceZeroMs + intervalMs : 0, group.resolutionMs)
    group.notRecovered[side] = bad[side] >= healUs - notRecoveredWithinUs
  }
  group.belowResolution = bad.high < zeroUs || (bad.high - zeroUs) / 1000 + intervalMs < group.resolutionMs
  return group
}

function combine(context: JudgeContext, groups: readonly GroupFailover[], zeroUs: number): FailoverMeasurement {
  const most = (of: (group: GroupFailover) => number): number => Math.max(...groups.map(of))
  const sum = (of: (group: GroupFailover) => number): number => groups.reduce((total, group) => total + of(group), 0)
  const valueMs = most((group) => group.valueMs.high)
  const lastBad = groups.map((group) => group.lastBadMs.high).filter((ms) => ms !== null)
  const belowResolution = groups.every((group) => group.belowResolution)
  return {
    groups: groups.map(({ group }) => group),
    valueMs,
    resolutionMs: most((group) => group.resolutionMs),
    zeroUncertaintyMs: (context.span?.zeroUncertaintyUs ?? 0) / 1000,
    belowResolution,
    notRecovered: groups.some((group) => group.notRecovered.high),
    stages: { ...stagesOf(context, zeroUs), recoverMs: belowResolution ? null : valueMs },
    failed: sum((group) => group.failed),
    slow: sum((group) => group.slow),
    lastBadMs: lastBad.length === 0 ? null : Math.max(...lastBad),
    eligibleFailed: eligibleFailedSince(context, zeroUs),
  }
}

/** Of load and prober, all groups, from zero to the end of the run. */
function eligibleFailedSince(context: JudgeContext, zeroUs: number): number {
  const { startUs, durationUs } = context.history.requests
  return countRows(context.select({}), (row) => context.failed(row) && startUs[row] + durationUs[row] >= zeroUs && context.eligible(row))
}

/**
 * Successive events, each from zero. detect: an entry gateway of an affected group holds the faulted region, or a
 * target in it, for less than healthy. decide: its first request sent elsewhere since. drain: its pools there drained.
 */
function stagesOf(context: JudgeContext, zeroUs: number): { detectMs: number | null; decideMs: number | null; drainMs: number | null } {
  const { plan, history, span } = context
  const regions = new Set(plan.faults.flatMap((fault) => fault.paths.map(({ region }) => region)))
  const entries = new Set(plan.topology.clients.filter(({ name }) => plan.affectedGroups.includes(name)).flatMap(({ entry }) =>
    entry.kind === 'edge' ? [`edge:${entry.edge}`] : entry.kind === 'direct' ? [`region:${entry.region}`] : entry.regions.map((region) => `region:${region}`)))
  const about = history.events.filter((event) => entries.has(placeOfSource(event.source)))
  const first = (fromUs: number | null, is: (event: HistoryEvent) => boolean): number | null => fromUs === null ? null
    : about.find((event) => event.atUs >= fromUs && event.atUs < (span?.healAskedUs ?? Infinity) && is(event))?.atUs ?? null
  const inRegion = (event: HistoryEvent & { target: string }): boolean => regions.has(regionOfTarget(event.target, event.source))
  const detectUs = first(zeroUs, (event) =>
    (event.kind === 'target-state' && (event.state === 'suspect' || event.state === 'ejected') && inRegion(event))
    || (event.kind === 'region-state' && event.state === 'draining' && regions.has(event.region)))
  const decideUs = first(detectUs, (event) => event.kind === 'first-redirect' && regions.has(event.from))
  const drainUs = first(detectUs, (event) => (event.kind === 'pool-drained' && inRegion(event))
    || (event.kind === 'region-state' && event.state === 'draining' && regions.has(event.region)))
  const sinceZero = (atUs: number | null): number | null => (atUs === null ? null : (atUs - zeroUs) / 1000)
  return { detectMs: sinceZero(detectUs), decideMs: sinceZero(decideUs), drainMs: sinceZero(drainUs) }
}

function proberIntervalMs(context: JudgeContext, group: string): number | null {
  const rates = context.plan.loads
    .filter((load) => load.source === 'prober')
    .flatMap((load) => load.streams.filter((stream) => stream.group === group && stream.pinned === null))
    .map((stream) => stream.ratePerSecond)
  return rates.length === 0 ? null : 1000 / Math.min(...rates)
}
