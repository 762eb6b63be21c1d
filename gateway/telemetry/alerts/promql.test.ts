// What is generated for Prometheus and Grafana: PromQL that Prometheus' own grammar reads, over metrics and labels that control
// planes really tell, so that no rule is silent because a name is wrong.

import { parser } from '@prometheus-io/lezer-promql'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { deliveryMetrics } from '../../controlplane/alert-delivery.ts'
import { createPlaneTelemetry } from '../../controlplane/telemetry.ts'
import { dashboards, type Dashboard } from '../grafana/index.ts'
import type { AlertRule, AlertRules } from './alert.ts'
import { createAlertCore } from './core.ts'
import { alertKindNames, alertKindOf } from './index.ts'
import { reportOf, ruleOf, second } from './reports.case.ts'
import { alertName, ruleFile } from './rule-file.ts'

const routes = ['shop/', 'shop/cart.v1/']
const rules: AlertRule[] = [
  ...alertKindNames.map((kind) => ruleOf(kind)),
  ruleOf('burn-rate', { objective: 95, by: [], windows: [{ long: '10m', short: '1m30s', rate: 3 }] }, { name: 'ticket', forUs: 90 * second, keepFiringForUs: 0 }),
]
const policies: AlertRules[] = [
  { policy: 'shop/all', routes: null, rules, deliver: [] },
  { policy: 'shop/narrow', routes, rules: rules.filter(({ kind }) => alertKindOf(kind).about === 'routes'), deliver: [] },
]

/** Metric → labels, as a plane tells them that has heard of everything. */
function exposed(): Map<string, Set<string>> {
  const core = createAlertCore()
  core.configure([{ policy: 'shop/all', routes: null, deliver: [], rules: [ruleOf('residency-denials')] }])
  const plane = createPlaneTelemetry('eu-west', core, 0)
  plane.report(reportOf('edge', 1, {
    requests: { residency: 3 }, sampling: [{ policy: 'shop/all', budget: 10, spans: 3, raised: false }],
    certificates: [{ name: 'edge', notAfterMs: 1e12 }], regions: [{ region: 'us-east', state: 'draining' }],
  }), second)
  plane.tick(second)
  const metrics = new Map<string, Set<string>>()
  for (const { name, samples } of [...plane.metrics(second), ...deliveryMetrics({ delivered: 0, failed: 0, shed: 0 })]) {
    for (const { labels, suffix = '' } of samples) metrics.set(name + suffix, new Set([...metrics.get(name + suffix) ?? [], ...Object.keys(labels), 'job']))
  }
  return metrics
}

interface Read { broken: string[]; metrics: Map<string, Set<string>>; grouped: Set<string> }

/** `$__rate_interval` and the like are put in by Grafana before Prometheus reads it. */
function read(expr: string): Read {
  const text = expr.replaceAll('[$__rate_interval]', '[5m]')
  const found: Read = { broken: [], metrics: new Map(), grouped: new Set() }
  let selected = ''
  parser.parse(text).iterate({
    enter({ type, from, to, node }) {
      const said = text.slice(from, to)
      if (type.isError) found.broken.push(`${text} at ${from}`)
      else if (type.name === 'VectorSelector') {
        selected = text.slice(from, node.getChild('Identifier')!.to)
        found.metrics.set(selected, found.metrics.get(selected) ?? new Set())
      } else if (type.name === 'UnquotedLabelMatcher') found.metrics.get(selected)!.add(said.split(/[=!]/)[0])
      else if (type.name === 'LabelName' && node.parent?.name === 'GroupingLabels') found.grouped.add(said)
    },
  })
  return found
}

function problems(expr: string): string[] {
  const { broken, metrics, grouped } = read(expr)
  const told = exposed()
  const names = [...metrics.keys()]
  return [
    ...broken,
    ...names.length === 0 ? [`no metric in ${expr}`] : [],
    ...names.filter((name) => !told.has(name)).map((name) => `nobody tells ${name}`),
    ...[...metrics].flatMap(([name, labels]) => [...labels].filter((label) => told.get(name)?.has(label) === false).map((label) => `${name} has no ${label}`)),
    ...[...grouped].filter((label) => names.some((name) => told.get(name)?.has(label) === false)).map((label) => `${names.join(', ')} have no ${label}`),
  ]
}

const expressions = (dashboard: Dashboard): string[] => dashboard.panels.flatMap(({ targets }) => ((targets ?? []) as { expr: string }[]).map(({ expr }) => expr))

test('what this test takes for a problem is one', () => {
  expect(problems('sum by (route) (rate(regatta_requests_total{outcome="ok"}[1m])) > 1')).toEqual([])
  expect(problems('sum by (client) (rate(regatta_requests_total{shop="a"}[1m]))')).toEqual(['regatta_requests_total has no shop', 'regatta_requests_total have no client'])
  expect(problems('rate(regatta_nothing[1m]')).toEqual([expect.stringContaining('at '), 'nobody tells regatta_nothing'])
})

describe('a rule file', () => {
  const text = ruleFile(policies)
  const { groups } = parse(text) as { groups: { name: string; rules: { alert: string; expr: string; for?: string; keep_firing_for?: string; labels: object; annotations: { summary: string } }[] }[] }

  test('has a group for each policy, and each rule of it that can be said', () => {
    const said = (kind: string): boolean => !('unsaid' in alertKindOf(kind).promql(ruleOf(kind as 'burn-rate').parameters as never, { prefixes: null, source: [] }))
    expect(groups.map(({ name, rules: made }) => [name, made.map(({ labels }) => (labels as { rule: string }).rule)])).toEqual(
      policies.map(({ policy, rules: wanted }) => [policy, wanted.filter(({ kind }) => said(kind)).map(({ name }) => name)]),
    )
    expect(text).toContain('# credential-failures (credential-failures) is missing here. Clients are no labels')
  })

  test.each(groups.flatMap(({ name, rules: made }) => made.map((rule) => [`${name} ${rule.alert}`, rule] as const)))('%s asks for what control planes tell', (_, { expr, annotations }) => {
    expect(problems(expr)).toEqual([])
    expect(annotations.summary).not.toMatch(/undefined|NaN/)
  })

  test('narrows rules about requests to the routes of their policy, dots and all', () => {
    for (const { expr } of groups[1].rules) expect(expr).toContain('route=~"shop/.*|shop/cart\\\\.v1/.*"')
    for (const { expr } of groups[0].rules) expect(expr).not.toContain('route=~')
  })

  test('keeps durations and the job that is asked for', () => {
    expect(groups[0].rules.at(-1)).toMatchObject({ alert: 'Ticket', for: '1m30s' })
    expect(groups[0].rules.at(-1)).not.toHaveProperty('keep_firing_for')
    expect(groups[0].rules[0]).toMatchObject({ keep_firing_for: '15s' })
    const ofJob = parse(ruleFile(policies, [['job', '=', 'planes']])) as { groups: { rules: { expr: string }[] }[] }
    for (const { expr } of ofJob.groups.flatMap((group) => group.rules)) {
      const { metrics } = read(expr)
      for (const labels of metrics.values()) expect(labels).toContain('job')
      expect(problems(expr)).toEqual([])
    }
  })
})

describe('dashboards', () => {
  const made = dashboards(policies)

  test('ask for what control planes tell', () => {
    expect(Object.keys(made)).toEqual(['regatta-federation.json', 'regatta-alerts.json'])
    for (const dashboard of Object.values(made)) {
      expect(expressions(dashboard).length).toBeGreaterThan(8)
      for (const expr of expressions(dashboard)) expect(problems(expr)).toEqual([])
    }
  })

  test('have panels beside and below each other, none over another, each with a number of its own', () => {
    for (const { panels } of Object.values(made)) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) => {
        expect(x + w).toBeLessThanOrEqual(24)
        return Array.from({ length: w * h }, (_, at) => `${x + at % w} ${y + Math.floor(at / w)}`)
      })
      expect(new Set(cells).size).toBe(cells.length)
    }
  })

  test('draw each rule with its bound, and say which cannot be drawn', () => {
    const { panels } = made['regatta-alerts.json']
    for (const { name } of rules) expect(panels.some(({ title }) => title.startsWith(name))).toBe(true)
    expect(panels.find(({ title }) => title.startsWith('credential-failures'))).toMatchObject({ type: 'text' })
    expect(panels.find(({ title }) => title.startsWith('ticket'))).toMatchObject({ fieldConfig: { defaults: { thresholds: { steps: [{}, { color: 'red', value: 3 }] } } } })
    expect(panels.find(({ title }) => title.startsWith('certificate'))).toMatchObject({ fieldConfig: { defaults: { thresholds: { steps: [{ color: 'red' }, { color: 'green', value: 1_209_600 }] } } } })
  })

  test('without policies there is the federation only', () => {
    expect(Object.keys(dashboards([]))).toEqual(['regatta-federation.json'])
  })
})

test('names of alerts are words', () => {
  expect(['fast-burn', 'a.b-c', '5xx', 'Slow'].map(alertName)).toEqual(['FastBurn', 'ABC', 'Alert5xx', 'Slow'])
})
