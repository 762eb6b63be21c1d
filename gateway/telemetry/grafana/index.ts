// Grafana dashboards, by the names of their files: one of the federation, and one of what AlertPolicies watch where there are any.

import type { AlertRules } from '../alerts/alert.ts'
import type { Matcher } from '../alerts/promql.ts'
import { federationDashboard } from './federation.ts'
import type { Dashboard } from './panel.ts'
import { policiesDashboard } from './policies.ts'

/** `source`: matchers that every series gets. */
export function dashboards(policies: readonly AlertRules[], source: readonly Matcher[] = []): Readonly<Record<string, Dashboard>> {
  return {
    'regatta-federation.json': federationDashboard(source),
    ...(policies.length === 0 ? {} : { 'regatta-alerts.json': policiesDashboard(policies, source) }),
  }
}

export type { Dashboard } from './panel.ts'
