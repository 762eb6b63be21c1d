// What AlertPolicies watch, drawn: a row for each policy, a panel for each thing that a rule looks at, with its bound.

import type { AlertRule, AlertRules } from '../alerts/alert.ts'
import { alertKindOf } from '../alerts/index.ts'
import type { Matcher } from '../alerts/promql.ts'
import { datasourceVariable, graph, layOut, text, type Dashboard, type Drawn } from './panel.ts'

export function policiesDashboard(policies: readonly AlertRules[], source: readonly Matcher[]): Dashboard {
  return {
    uid: 'regatta-alerts', title: 'Regatta: alerts', description: 'What AlertPolicies watch, and their bounds. Made by `regatta telemetry dashboards`.',
    tags: ['regatta'], schemaVersion: 39, editable: true, refresh: '5s', time: { from: 'now-1h', to: 'now' },
    templating: { list: [datasourceVariable] },
    panels: layOut(policies.map((policy) => ({ title: policy.policy, panels: policy.rules.flatMap((rule) => drawn(rule, policy, source)) }))),
  }
}

function drawn({ name, kind: kindName, severity, parameters }: AlertRule, { routes }: AlertRules, source: readonly Matcher[]): Drawn[] {
  const kind = alertKindOf(kindName)
  const said = kind.promql(parameters as never, { prefixes: routes, source })
  if ('unsaid' in said) return [text(`${name} (${severity})`, `${kind.description} ${said.unsaid}`)]
  const description = said.caveat === undefined ? kind.description : `${kind.description} ${said.caveat}`
  return said.panels.map(({ title, expr, unit, legend, bound, bad }) => graph(`${name} (${severity}): ${title}`, unit, [{ expr, legend }], { description, bound, bad }))
}
