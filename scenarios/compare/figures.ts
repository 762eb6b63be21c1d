// The figures of one variant beside those of the first: failover time and what clients felt, latency in calm and fault,
// the gateway's decision.

import { formatMs } from '../judging/statistics.ts'
import { median } from '../parity/bootstrap.ts'
import { apartByDifference, apartByRatio, leastRuns, type Apart } from './apart.ts'
import type { Figure } from './document.ts'
import { latencyPhases, type VariantRun } from './variant-run.ts'
import { differenceWords, ratioWords } from './words.ts'

type Runs = readonly VariantRun[]

/** Of counted runs. */
export interface Sides {
  subject: Runs
  first: Runs
  control: Runs
  /** The subject is the first itself: nothing to compare with. */
  alone: boolean
}

interface Asked {
  name: Figure['name']
  by: 'ratio' | 'difference'
  phase?: Figure['phase']
  group?: string
  of(run: VariantRun): number | null
}

const plain: Asked[] = [
  { name: 'failed_probes', by: 'difference', of: (run) => run.probes?.failed ?? null },
  { name: 'slow_probes', by: 'difference', of: (run) => run.probes?.slow ?? null },
  { name: 'eligible_failed', by: 'difference', of: (run) => run.eligibleFailed },
]
const decisions: Asked[] = [
  { name: 'decision_p50', by: 'ratio', of: (run) => run.decisionMs?.p50 ?? null },
  { name: 'decision_p99', by: 'ratio', of: (run) => run.decisionMs?.p99 ?? null },
]

/** The same list for every variant of a comparison. */
export function figuresOf(sides: Sides, groups: readonly string[]): Figure[] {
  const latencies = latencyPhases.flatMap((phase) => groups.flatMap((group) => (['p50', 'p95'] as const).map((at): Asked => ({
    name: `latency_${at}`, by: 'ratio', phase, group, of: (run) => run.latencyByGroup[phase][group]?.[at] ?? null,
  }))))
  return [failoverFigure(sides), ...[...plain, ...latencies, ...decisions].map((asked) => figureOf(asked, sides))]
}

function figureOf({ name, by, phase, group, of }: Asked, { subject, first, control, alone }: Sides): Figure {
  const three = { subject: valuesOf(subject, of), first: valuesOf(first, of), control: valuesOf(control, of) }
  const apart = (): Apart => (by === 'ratio' ? apartByRatio(three) : apartByDifference(three))
  const head = headOf(name, by === 'ratio' ? 'ms' : 'count', three.subject)
  return { ...head, phase: phase ?? null, group: group ?? null, difference: alone ? null : differenceOf(by, apart(), by === 'ratio' ? ratioWords : differenceWords) }
}

function valuesOf(runs: Runs, of: Asked['of']): number[] {
  return runs.map(of).filter((value) => value !== null)
}

function headOf(name: Figure['name'], unit: Figure['unit'], values: number[]): Omit<Figure, 'difference'> {
  const none = values.length === 0
  return {
    name, phase: null, group: null, unit, values, belowResolution: 0, notRecovered: 0,
    median: none ? null : median(values), min: none ? null : Math.min(...values), max: none ? null : Math.max(...values),
  }
}

function differenceOf(by: 'ratio' | 'difference', apart: Apart, words: (apart: Apart) => string): Figure['difference'] {
  const { estimate, controlReach } = apart.told === 'not-compared' ? { estimate: null, controlReach: null } : apart
  return { by, told: apart.told, estimate, controlReach, words: words(apart) }
}

type Failover = NonNullable<VariantRun['failover']>

/** What is below the resolution, or never recovered, is a bound and no value: it is counted apart and said apart. */
function failoverFigure({ subject, first, control, alone }: Sides): Figure {
  const [ours, theirs, again] = [subject, first, control].map((runs) => runs.map(({ failover }) => failover).filter((one) => one !== null))
  const values = (list: readonly Failover[]): number[] => list.map(({ ms }) => ms)
  const count = (kind: Failover['kind']): number => ours.filter((one) => one.kind === kind).length
  const figure = { ...headOf('failover_time', 'ms', values(ours)), belowResolution: count('below-resolution'), notRecovered: count('not-recovered') }
  if (alone) return { ...figure, difference: null }
  const resolutionMs = Math.max(0, ...[...subject, ...first, ...control].map((run) => run.resolutionMs))
  const apart = apartByRatio({ subject: values(ours), first: values(theirs), control: values(again) }, resolutionMs)
  return { ...figure, difference: differenceOf('ratio', ...boundedFailover(ours, theirs, again, apart, resolutionMs)) }
}

function boundedFailover(
  ours: readonly Failover[], theirs: readonly Failover[], again: readonly Failover[], apart: Apart, resolutionMs: number,
): [Apart, (apart: Apart) => string] {
  const all = (kind: Failover['kind'], list: readonly Failover[]): boolean => list.length >= leastRuns && list.every((one) => one.kind === kind)
  const none = (kind: Failover['kind'], list: readonly Failover[]): boolean => list.every((one) => one.kind !== kind)
  const lists = [ours, theirs, again]
  if (apart.told === 'not-compared') return [apart, ratioWords]
  if (lists.every((list) => none('not-recovered', list))) {
    if (lists.every((list) => all('below-resolution', list))) {
      return [{ ...apart, told: 'not-apart' }, () => `not told apart: both below ${formatMs(Math.ceil(resolutionMs))}, no request was bad`]
    }
    const bound = ours.some(({ kind }) => kind === 'below-resolution') !== theirs.some(({ kind }) => kind === 'below-resolution')
    return [apart, (one) => ratioWords(one, bound)]
  }
  // A run that never recovered has no time to divide by; that all of them did not, and no other, is plain.
  if (all('not-recovered', ours) && [theirs, again].every((list) => none('not-recovered', list))) return [{ ...apart, told: 'more' }, () => 'does not recover before healing']
  if (none('not-recovered', ours) && [theirs, again].every((list) => all('not-recovered', list))) return [{ ...apart, told: 'less' }, () => 'recovers, where the first does not']
  const share = (list: readonly Failover[]): string => `${list.filter(({ kind }) => kind === 'not-recovered').length} of ${list.length}`
  return [{ ...apart, told: 'not-apart' }, () => `not told apart: not recovered in ${share(ours)} runs, the first in ${share(theirs)}, its control in ${share(again)}`]
}
