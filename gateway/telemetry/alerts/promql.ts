// Pieces of PromQL that rule kinds put together. Names of metrics and labels are those of the gateways' /metrics page.

import { formatDuration } from '../../config/duration.ts'
import type { RouteScope } from './scope.ts'

export interface PromExpression {
  expr: string
  /** Template of the sentence, in Prometheus' own language: `{{ $labels.route }}`, `{{ $value }}`. */
  summary: string
  /** Where it says less than the rule does here. */
  caveat?: string
}

/** A label matcher: `['outcome', '!~', 'a|b']`. */
export type Matcher = [label: string, operator: '=' | '!=' | '=~' | '!~', value: string]

/** `{route=~"shop/.*",outcome!~"aborted"}`; '' when nothing is asked. The value is quoted as Go quotes strings. */
export function selector(scope: RouteScope, ...matchers: Matcher[]): string {
  const routes: Matcher[] = scope.prefixes === null ? [] : [['route', '=~', scope.prefixes.map((prefix) => `${literal(prefix)}.*`).join('|')]]
  const all = [...routes, ...matchers].map(([label, operator, value]) => `${label}${operator}${JSON.stringify(value)}`)
  return all.length === 0 ? '' : `{${all.join(',')}}`
}

/** `sum by (route) (rate(metric{…}[5m]))`. */
export function rate(metric: string, where: string, spanUs: number, by: readonly string[]): string {
  return over('rate', metric, where, spanUs, by)
}

/** `sum by (route) (increase(metric{…}[5m]))`. */
export function increase(metric: string, where: string, spanUs: number, by: readonly string[]): string {
  return over('increase', metric, where, spanUs, by)
}

function over(read: string, metric: string, where: string, spanUs: number, by: readonly string[]): string {
  return `sum${by.length === 0 ? '' : ` by (${by.join(', ')})`} (${read}(${metric}${where}[${promDuration(spanUs)}]))`
}

/** PromQL knows no microseconds and wants a positive duration. */
export function promDuration(us: number): string {
  return formatDuration(Math.max(1, Math.round(us / 1000)) * 1000)
}

/** `{{ $labels.route }}` for each label, as a sentence begins with it. */
export function subject(by: readonly string[]): string {
  return by.length === 0 ? 'all requests' : by.map((label) => `${label} {{ $labels.${label} }}`).join(', ')
}

/** Names of routes hold dots, which are no wildcards. */
function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
