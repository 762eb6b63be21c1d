// Rules as an AlertPolicy would give them, and reports as gateways would send them, for tests.

import { alertPolicyKind } from '../../config/kinds/alert-policy.ts'
import type { RedLabels, TelemetryReport } from '../red/report.ts'
import type { AlertEvent, AlertRule } from './alert.ts'
import { createAlertCore } from './core.ts'
import type { AlertKindName } from './index.ts'

export const second = 1_000_000

/** With the defaults of its kind, and named after it; `over`: what the schema has read already. */
export function ruleOf(kind: AlertKindName, parameters: Record<string, unknown> = {}, over: Partial<AlertRule> = {}): AlertRule {
  const { spec } = alertPolicyKind.parse({
    apiVersion: 'regatta.dev/v1alpha1', kind: 'AlertPolicy', metadata: { name: 'p', namespace: 'shop' },
    spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' }], rules: [{ name: kind, kind, ...parameters }] },
  })
  const { name, severity, for: forUs, keepFiringFor: keepFiringForUs, ...rest } = spec.rules[0] as Record<string, never>
  return { name, severity, forUs, keepFiringForUs, kind, parameters: rest, ...over }
}

export interface Told extends Partial<Pick<TelemetryReport, 'refusedClients' | 'sampling' | 'regions' | 'certificates'>> {
  /** Outcome → requests, of one series. */
  requests?: Record<string, number>
  labels?: Partial<RedLabels>
  retries?: number
  hedges?: number
}

/** What `gateway` tells of second number `sequence`. */
export function reportOf(gateway: string, sequence: number, { requests, labels = {}, retries = 0, hedges = 0, ...rest }: Told = {}): TelemetryReport {
  return {
    gateway, sequence, fromUs: (sequence - 1) * second, toUs: sequence * second, refusedClients: [], sampling: [], regions: [], certificates: [],
    series: requests === undefined ? [] : [{
      labels: { route: 'shop/cart/0', tenant: 'shop', region: 'eu', protocol: 'http1', ...labels } as RedLabels, outcomes: requests, retries, hedges, exemplars: [],
      durations: { scale: 0, count: 1, sum: 3, min: 3, max: 3, zeroCount: 0, offset: 1, counts: [1] },
    }],
    ...rest,
  }
}

export type Second = Record<string, Told | readonly Told[]>

/**
 * Plays seconds of several gateways against one rule: each gateway's report of a second arrives at its end, then the rule is
 * evaluated. Several entries of a gateway are series of one report. `routes`: as the policy has them.
 */
export function watch(rule: AlertRule, seconds: readonly Second[], { routes = null as readonly string[] | null, wallMs = (at: number): number => at * 1000 } = {}): { at: number; event: AlertEvent }[] {
  const core = createAlertCore()
  core.configure([{ policy: 'shop/p', routes, rules: [rule], deliver: [] }])
  return seconds.flatMap((told, index) => {
    const at = index + 1
    for (const [gateway, said] of Object.entries(told)) {
      const parts = (Array.isArray(said) ? said : [said]) as Told[]
      const reports = parts.map((part) => reportOf(gateway, at, part))
      core.report({ ...reports[0], series: reports.flatMap(({ series }) => series) }, at * second)
    }
    return core.tick(at * second, wallMs(at)).map((event) => ({ at, event }))
  })
}

/** `5 firing`, `21 resolved`: seconds at which something happened. */
export const timesOf = (played: readonly { at: number; event: AlertEvent }[]): string[] => played.map(({ at, event: { state } }) => `${at} ${state}`)

/** The same second over and over. */
export const times = (count: number, told: Second): Second[] => Array.from({ length: count }, () => told)
