// What a regional plane knows of its gateways' traffic: reports come in, are counted once, merged into windows and shown to
// alerts. A core: no socket, timer or clock.
//
//   report ─first time?─┬─► windows (1m, 5m, 1h, since the start) ─► view, /metrics
//                       └─► alerts ─tick─► what began or ended to fire

import type { AlertCore, AlertEvent } from '../telemetry/alerts/alert.ts'
import { createSequence } from '../telemetry/alerts/sequence.ts'
import type { Metric } from '../telemetry/exposition.ts'
import { createRegionsSeen } from '../telemetry/alerts/regions-seen.ts'
import { redMetrics } from '../telemetry/red/prometheus.ts'
import { maxRefusedClients } from '../telemetry/red/merge.ts'
import type { RedSeries, TelemetryReport } from '../telemetry/red/report.ts'
import { planeMetrics } from './telemetry-metrics.ts'
import { createRing } from './telemetry-ring.ts'
import type { GatewayView, TelemetryView } from './telemetry-view.ts'
import { createWindows, windowNames } from './telemetry-windows.ts'

export interface PlaneTelemetry {
  report(report: TelemetryReport, nowUs: number): void
  /** Call once a second. What began or ended to fire. */
  tick(nowUs: number): readonly AlertEvent[]
  view(nowUs: number): TelemetryView
  /** Everything since the start, for scrapers. */
  metrics(nowUs: number): Metric[]
}

interface Reporting {
  seen: Omit<GatewayView, 'silentMs'>
  lastUs: number
  /** This plane's clock less the gateway's, as the report said that was under way the shortest. */
  aheadUs: number
  certificates: TelemetryReport['certificates']
}

type Sampling = TelemetryView['sampling'][number]

/** Gateways, and names of anything else that gateways report of, that are known at a time. */
const maxGateways = 1_000
const maxNames = 5_000

/** `unixOffsetUs`: Unix time less this plane's clock. */
export function createPlaneTelemetry(region: string, alerts: AlertCore, unixOffsetUs: number): PlaneTelemetry {
  const windows = createWindows()
  const sequence = createSequence()
  const gateways = new Map<string, Reporting>()
  const refused = createRing<Map<string, number>>(300, () => new Map())
  const sampling = createRing<Map<string, Sampling>>(60, () => new Map())
  const sampled = new Map<string, { policy: string; spans: number }>()
  const draining = createRegionsSeen()

  function sample(report: TelemetryReport, nowUs: number): void {
    const slot = sampling.at(nowUs)
    for (const { policy, spans, budget, raised } of report.sampling) {
      const key = `${report.gateway} ${policy}`
      set(slot, key, { gateway: report.gateway, policy, spans: (slot.get(key)?.spans ?? 0) + spans, budget, raised })
      set(sampled, policy, { policy, spans: (sampled.get(policy)?.spans ?? 0) + spans })
    }
  }

  return {
    report(report, nowUs) {
      if (!sequence.first(report)) return
      const reporting = reportingOf(gateways.get(report.gateway), report, nowUs)
      // A map keeps the order of insertion: the gateway that was silent longest stands first.
      gateways.delete(report.gateway)
      gateways.set(report.gateway, reporting)
      if (gateways.size > maxGateways) gateways.delete(gateways.keys().next().value!)
      windows.add(report.series.map((series) => onOurClock(series, reporting.aheadUs)), nowUs)
      const clients = refused.at(nowUs)
      for (const { client, count } of report.refusedClients) set(clients, client, (clients.get(client) ?? 0) + count)
      sample(report, nowUs)
      draining.report(report, nowUs)
      alerts.report(report, nowUs)
    },
    tick: (nowUs) => alerts.tick(nowUs, (nowUs + unixOffsetUs) / 1000),
    view: (nowUs) => ({
      regions: [region],
      windows: windowNames.map((window) => ({ window, series: windows.read(window, nowUs) })),
      gateways: [...gateways.values()].map(({ seen, lastUs }) => ({ ...seen, silentMs: Math.round((nowUs - lastUs) / 1000) })).sort(byName),
      sampling: sumSampling(sampling.within(nowUs)),
      refusedClients: sumClients(refused.within(nowUs)),
      alerts: [...alerts.firing()],
    }),
    metrics: (nowUs) => [
      ...redMetrics(windows.totals(), unixOffsetUs),
      ...planeMetrics({
        spans: [...sampled.values()], budgets: budgetsOf(sumSampling(sampling.within(nowUs))), draining: draining.regions(nowUs), firing: alerts.firing(),
        certificates: soonest([...gateways.values()].flatMap(({ certificates }) => certificates)),
      }),
    ],
  }
}

/** A lower number than the last is that of a process started anew. */
function reportingOf(before: Reporting | undefined, report: TelemetryReport, nowUs: number): Reporting {
  const { gateway: name, sequence: upTo, folded = 1, toUs, certificates } = report
  const same = before !== undefined && upTo > before.seen.upTo ? before : null
  const seen = { name, reports: (same?.seen.reports ?? 0) + folded, from: same?.seen.from ?? upTo - folded + 1, upTo }
  return { seen, lastUs: nowUs, aheadUs: Math.min(same?.aheadUs ?? Infinity, nowUs - toUs), certificates }
}

function onOurClock(series: RedSeries, aheadUs: number): RedSeries {
  if (series.exemplars.length === 0) return series
  return { ...series, exemplars: series.exemplars.map((exemplar) => ({ ...exemplar, atUs: exemplar.atUs + aheadUs })) }
}

/** What is new is left out of a map that is full. */
function set<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.has(key) || map.size < maxNames) map.set(key, value)
}

function sumSampling(slots: readonly ReadonlyMap<string, Sampling>[]): Sampling[] {
  const sums = new Map<string, Sampling>()
  for (const slot of slots) for (const [key, entry] of slot) sums.set(key, { ...entry, spans: (sums.get(key)?.spans ?? 0) + entry.spans })
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
}

/** Policies without a budget have none to tell. */
function budgetsOf(sampling: readonly Sampling[]): { policy: string; budget: number }[] {
  const budgets = new Map<string, number>()
  for (const { policy, budget } of sampling) if (budget > 0) budgets.set(policy, (budgets.get(policy) ?? 0) + budget)
  return [...budgets].map(([policy, budget]) => ({ policy, budget }))
}

function sumClients(slots: readonly ReadonlyMap<string, number>[]): TelemetryView['refusedClients'] {
  const sums = new Map<string, number>()
  for (const slot of slots) for (const [client, count] of slot) sums.set(client, (sums.get(client) ?? 0) + count)
  return [...sums].map(([client, count]) => ({ client, count })).sort((a, b) => b.count - a.count || (a.client < b.client ? -1 : 1)).slice(0, maxRefusedClients)
}

/** Gateways may serve with certificates of one name: the one that ends first is told. */
function soonest(certificates: TelemetryReport['certificates']): TelemetryReport['certificates'] {
  const byName = new Map<string, number>()
  for (const { name, notAfterMs } of certificates) byName.set(name, Math.min(byName.get(name) ?? Infinity, notAfterMs))
  return [...byName].map(([name, notAfterMs]) => ({ name, notAfterMs }))
}

const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1)
