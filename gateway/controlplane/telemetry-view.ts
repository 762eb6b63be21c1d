// What a control plane answers when it is asked for metrics, and how answers of several planes become one view of the
// federation. Views carry whole histograms, so quantiles of the whole are as good as those of each.

import type { AlertEvent } from '../telemetry/alerts/alert.ts'
import { failedOutcomes } from '../telemetry/alerts/outcomes.ts'
import { emptyHistogram, mergeHistograms, quantileOf, type QuantileEstimate } from '../telemetry/red/histogram.ts'
import { addCounts, mergeSeriesLists } from '../telemetry/red/merge.ts'
import type { ExponentialHistogram, RedLabels, RedSeries } from '../telemetry/red/report.ts'

export type WindowName = '1m' | '5m' | '1h'

/** Answer to GET /v1/telemetry. */
export interface TelemetryView {
  /** Regions whose planes say this, sorted. */
  regions: string[]
  /** What was reported within each window, by arrival here. `series`: by all labels, in the order of their keys. */
  windows: { window: WindowName; series: RedSeries[] }[]
  gateways: GatewayView[]
  /** By policy: spans within the last minute, and the budget (spans a second) as it was told last. */
  sampling: { gateway: string; policy: string; spans: number; budget: number; raised: boolean }[]
  /** Most first, within the last five minutes. */
  refusedClients: { client: string; count: number }[]
  /** Those that fire. */
  alerts: AlertEvent[]
}

/** A gateway that reports here, as its process that runs now. */
export interface GatewayView {
  name: string
  /** Reports that came, and the lowest and highest number that they stand for. */
  reports: number
  from: number
  upTo: number
  /** Since its last report, ms. */
  silentMs: number
}

/** Reports that a gateway's numbers tell of and that did not come: another plane has them, or they are lost. */
export function missingReports({ reports, from, upTo }: GatewayView): number {
  return Math.max(0, upTo - from + 1 - reports)
}

/** Associative and commutative. A gateway that reported to several planes is shown once, as seen by all of them together. */
export function mergeViews(views: readonly TelemetryView[]): TelemetryView {
  const names: readonly WindowName[] = ['1m', '5m', '1h']
  return {
    regions: [...new Set(views.flatMap(({ regions }) => regions))].sort(),
    windows: names.map((window) => {
      const lists = views.flatMap(({ windows }) => windows.filter((one) => one.window === window))
      return { window, series: mergeSeriesLists(lists.map(({ series }) => series)) }
    }),
    gateways: mergeBy(views.flatMap(({ gateways }) => gateways), ({ name }) => name, (a, b) => ({
      name: a.name, reports: a.reports + b.reports, from: Math.min(a.from, b.from), upTo: Math.max(a.upTo, b.upTo), silentMs: Math.min(a.silentMs, b.silentMs),
    })),
    sampling: mergeBy(views.flatMap(({ sampling }) => sampling), ({ gateway, policy }) => `${gateway} ${policy}`, (a, b) => ({
      ...a, spans: a.spans + b.spans, budget: Math.max(a.budget, b.budget), raised: a.raised || b.raised,
    })),
    refusedClients: mergeBy(views.flatMap(({ refusedClients }) => refusedClients), ({ client }) => client, (a, b) => ({ client: a.client, count: a.count + b.count }))
      .sort((a, b) => b.count - a.count),
    alerts: mergeBy(views.flatMap(({ alerts }) => alerts), ({ policy, rule, labels }) => JSON.stringify([policy, rule, labels]), (a, b) => ({
      ...larger(a, b), gateways: [...new Set([...a.gateways, ...b.gateways])].sort(),
    })),
  }
}

/** Of one alert, as two planes see it. */
function larger(a: AlertEvent, b: AlertEvent): AlertEvent {
  if (a.value !== b.value) return a.value > b.value ? a : b
  return a.summary > b.summary ? a : b
}

/** Sorted by key. */
function mergeBy<T>(items: readonly T[], keyOf: (item: T) => string, merge: (a: T, b: T) => T): T[] {
  const merged = new Map<string, T>()
  for (const item of items) {
    const key = keyOf(item)
    const held = merged.get(key)
    merged.set(key, held === undefined ? item : merge(held, item))
  }
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item)
}

/** One line of a table: everything of equal values of some labels. */
export interface RedRow {
  labels: Record<string, string>
  requests: number
  /** Those that the federation failed at, by the list that alerts go by. */
  failed: number
  outcomes: Record<string, number>
  retries: number
  hedges: number
  durations: ExponentialHistogram
  /** µs; null when there was no request. */
  p50: QuantileEstimate | null
  p99: QuantileEstimate | null
}

/** Most requests first. */
export function summarise(series: readonly RedSeries[], by: readonly (keyof RedLabels & string)[]): RedRow[] {
  const groups = new Map<string, RedSeries[]>()
  for (const one of series) {
    const key = JSON.stringify(by.map((label) => one.labels[label] ?? ''))
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [one])
    else group.push(one)
  }
  return [...groups.values()].map((group) => rowOf(group, by)).sort((a, b) => b.requests - a.requests)
}

function rowOf(group: readonly RedSeries[], by: readonly string[]): RedRow {
  const outcomes = group.reduce((sum, one) => addCounts(sum, one.outcomes), {} as Record<string, number>)
  const durations = group.reduce((sum, one) => mergeHistograms(sum, one.durations), emptyHistogram())
  const sum = (of: (one: RedSeries) => number): number => group.reduce((total, one) => total + of(one), 0)
  return {
    labels: Object.fromEntries(by.map((label) => [label, group[0].labels[label] ?? ''])),
    requests: durations.count,
    failed: failedOutcomes.reduce((total, outcome) => total + (outcomes[outcome] ?? 0), 0),
    outcomes, retries: sum(({ retries }) => retries), hedges: sum(({ hedges }) => hedges), durations,
    p50: quantileOf(durations, 0.5), p99: quantileOf(durations, 0.99),
  }
}
