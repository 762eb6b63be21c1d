// Pieces of PromQL that rule kinds put together. Names of metrics and labels are those of the control planes' page
// (`GET /v1/telemetry?format=prometheus`); what is about requests stands on the gateways' /metrics too.

import { formatDuration } from '../../config/duration.ts'
import type { RouteScope } from './scope.ts'

export interface PromExpression {
  expr: string
  /** Template of the sentence, in Prometheus' own language: `{{ $labels.route }}`, `{{ $value }}`. */
  summary: string
  /** Where it says less than the rule does here. */
  caveat?: string
  /** The same as lines to draw, each against its bound. */
  panels: readonly PromPanel[]
}

export interface PromPanel {
  title: string
  expr: string
  bound: number
  /** Which side of the bound the alert is on. */
  bad: 'above' | 'below'
  /** As Grafana names units. */
  unit: 'percentunit' | 'short' | 's'
  /** Template of the name of a line. */
  legend: string
}

/** What Prometheus cannot say, and why. */
export interface Unsaid { unsaid: string }

/** Which series are meant. `source`: the matchers by which they are told from those of other scrapes. */
export interface PromScope extends Pick<RouteScope, 'prefixes'> { readonly source: readonly Matcher[] }

/** A label matcher: `['outcome', '!~', 'a|b']`. */
export type Matcher = [label: string, operator: '=' | '!=' | '=~' | '!~', value: string]

/** Of requests: `{route=~"shop/.*",outcome!~"aborted"}`; '' when nothing is asked. The value is quoted as Go quotes strings. */
export function selector(scope: PromScope, ...matchers: Matcher[]): string {
  const routes: Matcher[] = scope.prefixes === null ? [] : [['route', '=~', scope.prefixes.map((prefix) => `${literal(prefix)}.*`).join('|')]]
  return matching([...scope.source, ...routes, ...matchers])
}

/** Of gateways, whatever routes a policy is attached to. */
export function ofGateways({ source }: PromScope): string {
  return matching(source)
}

function matching(matchers: readonly Matcher[]): string {
  const all = matchers.map(([label, operator, value]) => `${label}${operator}${JSON.stringify(value)}`)
  return all.length === 0 ? '' : `{${all.join(',')}}`
}

/** Microseconds, or as it is to be written: Grafana has intervals of its own. */
export type Span = number | string

/** `sum by (route) (rate(metric{…}[5m]))`. */
export function rate(metric: string, where: string, span: Span, by: readonly string[]): string {
  return over('rate', metric, where, span, by)
}

/** `sum by (route) (increase(metric{…}[5m]))`. */
export function increase(metric: string, where: string, span: Span, by: readonly string[]): string {
  return over('increase', metric, where, span, by)
}

function over(read: string, metric: string, where: string, span: Span, by: readonly string[]): string {
  return `sum${by.length === 0 ? '' : ` by (${by.join(', ')})`} (${read}(${metric}${where}[${typeof span === 'number' ? promDuration(span) : span}]))`
}

/** PromQL knows no microseconds and wants a positive duration. */
export function promDuration(us: number): string {
  return formatDuration(Math.max(1, Math.round(us / 1000)) * 1000)
}

/** `{{ $labels.route }}` for each label, as a sentence begins with it. */
export function subject(by: readonly string[]): string {
  return by.length === 0 ? 'all requests' : by.map((label) => `${label} {{ $labels.${label} }}`).join(', ')
}

/** Names of lines: the values of the labels. */
export function legend(by: readonly string[]): string {
  return by.length === 0 ? 'all requests' : by.map((label) => `{{${label}}}`).join(' ')
}

/** Names of routes hold dots, which are no wildcards. */
function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
