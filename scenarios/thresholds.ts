// Thresholds in k6's grammar, read once when a scenario loads, so that a misspelt metric is told with its place
// and never turns into a check that silently holds. https://grafana.com/docs/k6/latest/using-k6/thresholds/

import { CodedErrors, type CodedError, type Place } from '../gateway/errors.ts'
import { nearest } from '../gateway/config/shape.ts'
import { phases, requestSources } from '../topologies/history.ts'
import { entryKinds } from '../topologies/topology.ts'
import { aggregatesOf, metricDefinitions, metricNames, type MetricDefinition, type MetricName, type MetricTag } from './checks/metrics.ts'
import { scenarioError } from './errors.ts'
import type { Thresholds } from './scenario.ts'

export type Aggregate =
  | { kind: 'avg' | 'min' | 'med' | 'max' | 'count' | 'rate' | 'value' }
  /** 0 to 100. */
  | { kind: 'percentile'; p: number }

export const operators = ['<=', '>=', '===', '==', '!=', '<', '>'] as const
export type Operator = (typeof operators)[number]

/** `rtt` × the path's own round-trip time + `plus`, in the metric's unit (ms, share or count). */
export interface Bound { rtt: number; plus: number }

export interface Threshold {
  /** Metric expression and condition as written, blanks removed: the name of the check. */
  name: string
  metric: MetricName
  tags: Partial<Record<MetricTag, string>>
  aggregate: Aggregate
  operator: Operator
  bound: Bound
  /** The condition alone, as a person reads it. */
  condition: string
}

/** Where an expression (`condition` null) or one of its conditions stands. */
export type ThresholdPlace = Place | ((expression: string, condition: number | null) => Place)

/** Names that tag values may take, where the caller knows them (regions, groups, routes, gateways). */
export type KnownTagValues = Partial<Record<MetricTag, readonly string[]>>

const fixedValues: KnownTagValues = { phase: phases, source: requestSources, entry: entryKinds }

/**
 * Reads every threshold, in the order of the map. Throws CodedErrors (RGT_THRESHOLD_SYNTAX, RGT_THRESHOLD_METRIC),
 * all problems at once, each with what was expected and the nearest name.
 */
export function parseThresholds(thresholds: Thresholds, place: ThresholdPlace, known: KnownTagValues = {}): Threshold[] {
  const found: Threshold[] = []
  const problems: CodedError[] = []
  const attempt = (run: () => void): void => {
    try {
      run()
    } catch (error) {
      if (!(error instanceof CodedErrors)) throw error
      problems.push(...error.errors)
    }
  }
  for (const [expression, conditions] of Object.entries(thresholds)) {
    const at = (condition: number | null): Place => typeof place === 'function' ? place(expression, condition) : place
    attempt(() => {
      const head = parseExpression(expression, at(null), { ...fixedValues, ...known })
      conditions.forEach((condition, index) => attempt(() => {
        const tail = parseCondition(condition, head.metric, at(index))
        found.push({ name: `${squeeze(expression)} ${tail.condition}`, ...head, ...tail })
      }))
    })
  }
  if (problems.length > 0) throw new CodedErrors(problems)
  return found
}

function parseExpression(expression: string, place: Place, known: KnownTagValues): Pick<Threshold, 'metric' | 'tags'> {
  const match = /^\s*([\w.]+)\s*(?:\{([^{}]*)\})?\s*$/.exec(expression)
  if (match === null) {
    throw syntax(place, 'a metric expression is not understood', 'metric or metric{tag:value,tag:value}', expression)
  }
  const metric = oneOf(match[1], metricNames, 'metric', place) as MetricName
  const tags: Threshold['tags'] = {}
  for (const part of (match[2] ?? '').split(',').filter((text) => text.trim() !== '')) {
    const pair = /^\s*([^:]+?)\s*:\s*(.*?)\s*$/.exec(part)
    if (pair === null || pair[2] === '') throw syntax(place, 'a tag is not understood', 'tag:value', part.trim())
    const tag = oneOf(pair[1], metricDefinitions[metric].tags, `tag of ${metric}`, place) as MetricTag
    if (tags[tag] !== undefined) throw syntax(place, 'a tag stands twice', `${tag} once`, expression)
    const values = known[tag]
    tags[tag] = values === undefined ? pair[2] : oneOf(pair[2], values, tag, place)
  }
  const { needs }: MetricDefinition = metricDefinitions[metric]
  if (needs !== undefined && tags[needs] === undefined) throw syntax(place, `${metric} has no meaning without a ${needs}`, `${metric}{${needs}:NAME}`, expression)
  return { metric, tags }
}

function parseCondition(text: string, metric: MetricName, place: Place): Pick<Threshold, 'aggregate' | 'operator' | 'bound' | 'condition'> {
  const condition = squeeze(text)
  const match = /^(.+?)(<=|>=|===|==|!=|<|>)(.+)$/.exec(condition)
  if (match === null) {
    throw syntax(place, 'a condition is not understood', 'an aggregate, an operator and a value, such as p(95)<200ms', text)
  }
  const operator = match[2] as Operator
  return { aggregate: parseAggregate(match[1], metric, place), operator, bound: parseBound(match[3], metric, place), condition }
}

function parseAggregate(text: string, metric: MetricName, place: Place): Aggregate {
  const { kind } = metricDefinitions[metric]
  const percentile = /^p\((\d+(?:\.\d+)?)\)$/.exec(text)
  const allowed = aggregatesOf[kind]
  if (percentile !== null && kind === 'trend') {
    const p = Number(percentile[1])
    if (p <= 100) return { kind: 'percentile', p }
    throw syntax(place, 'a percentile is out of bounds', 'p(0) to p(100)', text)
  }
  const name = oneOf(percentile === null ? text : 'p(N)', allowed, `aggregate of ${metric}, which is a ${kind}`, place)
  return { kind: name as Exclude<Aggregate['kind'], 'percentile'> }
}

/** Milliseconds of one unit of k6's duration strings, and ours for decisions. */
const unitMs: Record<string, number> = { ns: 1e-6, us: 1e-3, 'µs': 1e-3, 'μs': 1e-3, ms: 1, s: 1000, m: 60_000 }

/** Sums of terms: numbers with or without unit (a bare one is ms for durations), `rtt`, `2*rtt`, `rtt*1.5`. */
function parseBound(text: string, metric: MetricName, place: Place): Bound {
  const { unit } = metricDefinitions[metric]
  const bound: Bound = { rtt: 0, plus: 0 }
  const terms = text.match(/[+-]?[^+-]+/g) ?? []
  if (terms.join('') !== text) throw syntax(place, 'a bound is not understood', boundForm(unit), text)
  for (const term of terms) {
    const sign = term.startsWith('-') ? -1 : 1
    const body = term.replace(/^[+-]/, '')
    const rtt = /^(?:(\d+(?:\.\d+)?)\*)?rtt(?:\*(\d+(?:\.\d+)?))?$/.exec(body)
    const number = /^(\d+(?:\.\d+)?)([a-zµμ%]*)$/.exec(body)
    if (rtt !== null && metric === 'http_req_duration') bound.rtt += sign * Number(rtt[1] ?? 1) * Number(rtt[2] ?? 1)
    else if (number !== null) bound.plus += sign * Number(number[1]) * factorOf(number[2], unit, place, text)
    else throw syntax(place, 'a bound is not understood', boundForm(unit), text)
  }
  return bound
}

function factorOf(suffix: string, unit: string, place: Place, text: string): number {
  if (suffix === '') return 1
  if (unit === 'ms' && Object.hasOwn(unitMs, suffix)) return unitMs[suffix]
  if (unit === 'share' && suffix === '%') return 0.01
  throw syntax(place, 'a unit does not fit the metric', boundForm(unit), text)
}

function boundForm(unit: string): string {
  if (unit === 'ms') return 'a duration such as 200 (ms), 5s, 10µs, or for http_req_duration rtt+100'
  return unit === 'share' ? 'a share such as 0.01 or 1%' : 'a number'
}

function oneOf(word: string, names: readonly string[], what: string, place: Place): string {
  if (names.includes(word)) return word
  const near = nearest(word, names)
  throw new CodedErrors([scenarioError('RGT_THRESHOLD_METRIC', `there is no ${what} \`${word}\``, {
    place, expected: `one of ${names.join(', ')}`, found: word, ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  })])
}

function syntax(place: Place, message: string, expected: string, found: string): CodedErrors {
  return new CodedErrors([scenarioError('RGT_THRESHOLD_SYNTAX', message, { place, expected, found })])
}

function squeeze(text: string): string {
  return text.replace(/\s+/g, '')
}
