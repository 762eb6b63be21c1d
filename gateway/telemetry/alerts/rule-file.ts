// AlertPolicies as a Prometheus rule file (https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/): a group
// for each policy, a rule for each rule. What Prometheus says less well than control planes, or not at all, stands there as a
// comment, so that nobody takes silence for health.

import { Document, type YAMLMap, type YAMLSeq } from 'yaml'
import type { AlertRule, AlertRules } from './alert.ts'
import { alertKindOf } from './index.ts'
import { promDuration, type Matcher } from './promql.ts'

const head = ` Alerts of Regatta's AlertPolicies, for Prometheus 2.42 or newer. Made by \`regatta telemetry rules\`.
 Control planes evaluate the same rules each second, each over the gateways that report to it; Prometheus does over all.
 Scrape the control planes: GET /v1/telemetry?format=prometheus, header x-regatta-token.`

/** Gateways and planes tell of the same requests under the same names: both under one Prometheus would count twice. */
const oneSource = ' Gateways tell of the same requests under the same names: where they are scraped too, name the job of the control planes (--job).'

/** `source`: matchers that every series gets. */
export function ruleFile(policies: readonly AlertRules[], source: readonly Matcher[] = []): string {
  const document = new Document({ groups: policies.map((policy) => ({ name: policy.policy, rules: [] })) })
  document.commentBefore = source.length === 0 ? `${head}\n${oneSource}` : head
  const groups = document.get('groups') as YAMLSeq<YAMLMap>
  policies.forEach((policy, index) => addRules(document, groups.items[index], policy, source))
  return document.toString({ lineWidth: 0 })
}

function addRules(document: Document, group: YAMLMap, { policy, routes, rules }: AlertRules, source: readonly Matcher[]): void {
  const list = group.get('rules') as YAMLSeq
  const comments: string[] = []
  for (const rule of rules) {
    const kind = alertKindOf(rule.kind)
    const said = kind.promql(rule.parameters as never, { prefixes: routes, source })
    if ('unsaid' in said) {
      comments.push(` ${rule.name} (${rule.kind}) is missing here. ${said.unsaid}`)
      continue
    }
    const node = document.createNode({
      alert: alertName(rule.name), expr: said.expr, ...durations(rule),
      labels: { severity: rule.severity, policy, rule: rule.name, kind: rule.kind },
      annotations: { summary: said.summary, description: kind.description },
    })
    if (said.caveat !== undefined) node.commentBefore = ` ${said.caveat}`
    list.add(node)
  }
  if (list.items.length === 0) list.flow = true
  if (comments.length > 0) group.commentBefore = comments.join('\n')
}

function durations({ forUs, keepFiringForUs }: AlertRule): Record<string, string> {
  return {
    ...(forUs === 0 ? {} : { for: promDuration(forUs) }),
    ...(keepFiringForUs === 0 ? {} : { keep_firing_for: promDuration(keepFiringForUs) }),
  }
}

/** Names of alerts are written `FastBurn`, with letters and digits, beginning with a letter. */
export function alertName(rule: string): string {
  const name = rule.split(/[^A-Za-z0-9]+/).map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
  return /^[A-Za-z]/.test(name) ? name : `Alert${name}`
}
