// Reports and series, put together. Pure; merging is associative and commutative, so it does not matter which plane heard of
// what first, nor whether a gateway folded reports before it sent them.

import { bucketIndex, mergeHistograms } from './histogram.ts'
import type { RedLabels, RedSeries, TelemetryReport } from './report.ts'

export type Exemplar = RedSeries['exemplars'][number]
/** Series by `labelKey`. */
export type SeriesMap = Map<string, RedSeries>

/** Of a report. */
export const maxRefusedClients = 100

/** Equal labels, equal keys, in whatever order they were written. */
export function labelKey(labels: RedLabels): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The latest of each octave of durations; of two at the same time the one whose id sorts last. By octave. */
export function latestByOctave(a: readonly Exemplar[], b: readonly Exemplar[]): Exemplar[] {
  if (a.length === 0 && b.length <= 1) return [...b]
  const latest = new Map<number, Exemplar>()
  for (const exemplar of [...a, ...b]) {
    const octave = exemplar.valueUs > 0 ? bucketIndex(exemplar.valueUs, 0) : -Infinity
    const held = latest.get(octave)
    if (held === undefined || isLater(exemplar, held)) latest.set(octave, exemplar)
  }
  return [...latest].sort(([one], [other]) => one - other).map(([, exemplar]) => exemplar)
}

function isLater(a: Exemplar, b: Exemplar): boolean {
  if (a.atUs !== b.atUs) return a.atUs > b.atUs
  return a.traceId === b.traceId ? a.valueUs > b.valueUs : a.traceId > b.traceId
}

/** Two series of the same labels; `labels` are those of the first. */
export function mergeSeries(a: RedSeries, b: RedSeries): RedSeries {
  return {
    labels: a.labels,
    outcomes: addCounts(a.outcomes, b.outcomes),
    retries: a.retries + b.retries,
    hedges: a.hedges + b.hedges,
    durations: mergeHistograms(a.durations, b.durations),
    exemplars: latestByOctave(a.exemplars, b.exemplars),
  }
}

export function addCounts(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  const sum = { ...a }
  for (const [name, count] of Object.entries(b)) sum[name] = (Object.hasOwn(sum, name) ? sum[name] : 0) + count
  return sum
}

/** Adds a series to those that are held under its labels, or under others where it has to be counted together with more. */
export function addSeries(held: SeriesMap, series: RedSeries, labels: RedLabels = series.labels, key: string = labelKey(labels)): void {
  const before = held.get(key)
  held.set(key, before === undefined ? { ...series, labels } : mergeSeries(before, series))
}

/** All series of several lists, one for each set of labels, in the order of their keys. */
export function mergeSeriesLists(lists: readonly (readonly RedSeries[])[]): RedSeries[] {
  const held: SeriesMap = new Map()
  for (const list of lists) for (const series of list) addSeries(held, series)
  return [...held].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, series]) => series)
}

/** Several reports of one process as one: nothing is lost but when within its time something was. `later` says what is so now. */
export function foldReports(earlier: TelemetryReport, later: TelemetryReport): TelemetryReport {
  const refused = new Map<string, number>()
  for (const { client, count } of [...earlier.refusedClients, ...later.refusedClients]) refused.set(client, (refused.get(client) ?? 0) + count)
  return {
    gateway: later.gateway,
    sequence: later.sequence,
    folded: (earlier.folded ?? 1) + (later.folded ?? 1),
    fromUs: earlier.fromUs,
    toUs: later.toUs,
    series: mergeSeriesLists([earlier.series, later.series]),
    refusedClients: [...refused].map(([client, count]) => ({ client, count }))
      .sort((a, b) => b.count - a.count || (a.client < b.client ? -1 : 1)).slice(0, maxRefusedClients),
    sampling: foldSampling(earlier.sampling, later.sampling),
    regions: later.regions,
    certificates: later.certificates,
  }
}

function foldSampling(earlier: TelemetryReport['sampling'], later: TelemetryReport['sampling']): TelemetryReport['sampling'] {
  const byPolicy = new Map(earlier.map((entry) => [entry.policy, entry]))
  for (const entry of later) {
    const before = byPolicy.get(entry.policy)
    byPolicy.set(entry.policy, before === undefined ? entry : { ...entry, spans: before.spans + entry.spans, raised: before.raised || entry.raised })
  }
  return [...byPolicy.values()]
}
