// Alerts as data: what a rule of an AlertPolicy says, and what the regional plane tells when it fires. One definition makes
// the evaluation here, the Prometheus rule file and the panels of a Grafana dashboard.

import type { TelemetryReport } from '../red/report.ts'

export interface AlertEvent {
  /** Name of the rule, unique within its policy. */
  rule: string
  kind: string
  policy: string
  severity: 'page' | 'ticket'
  state: 'firing' | 'resolved'
  /** What it is about: route, tenant, client, certificate …; equal labels are one alert. */
  labels: Record<string, string>
  /** What was observed (of an alert that is over: last), and the bound, in `unit`. */
  value: number
  bound: number
  unit: string
  /** One sentence for people. */
  summary: string
  /** Gateways whose reports show it. */
  gateways: string[]
}

/** The evaluating core of a regional plane: no clock, timer or socket. Times are the plane's monotonic microseconds. */
export interface AlertCore {
  /** From now on these rules hold; alerts of rules that are gone resolve at the next tick. */
  configure(policies: readonly AlertRules[]): void
  /** A gateway's report arrived. */
  report(report: TelemetryReport, nowUs: number): void
  /** Evaluates every rule; call once a second. `wallMs`: Unix time, for certificates. What began or ended to fire. */
  tick(nowUs: number, wallMs: number): readonly AlertEvent[]
  firing(): readonly AlertEvent[]
}

/** What an AlertPolicy says, validated. `rules` and `deliver` as `config/kinds/alert-policy.ts` has them. */
export interface AlertRules {
  /** `namespace/name`. */
  policy: string
  /** How the ids of the routes begin that rules about requests look at: `namespace/` or `namespace/route/`; null = every route. */
  routes: readonly string[] | null
  rules: readonly AlertRule[]
  deliver: readonly AlertDelivery[]
}

export interface AlertRule {
  name: string
  /** Registry key of `alerts/index.ts`. */
  kind: string
  severity: 'page' | 'ticket'
  /** What is seen must be seen for so long before the alert fires, microseconds; 0 = at once. Prometheus: `for`. */
  forUs: number
  /** It ends when nothing was seen for so long, microseconds: what comes and goes is one alert. Prometheus: `keep_firing_for`. */
  keepFiringForUs: number
  /** Parameters of that kind, validated by it. */
  parameters: Readonly<Record<string, unknown>>
}

/** `severity`: only alerts of it; absent = all. `path`: below the folder of alerts in the plane's state folder. */
export type AlertDelivery = { severity?: 'page' | 'ticket' } & ({ kind: 'webhook'; url: string } | { kind: 'file'; path: string })
