// How values are written for people, the same in every report.

import { formatCount } from '../scenarios/judging/statistics.ts'
import type { Check, CheckVerdict, FailoverMeasurement, VerdictValue } from '../scenarios/verdict.ts'
import type { Inventory } from '../topologies/substrate.ts'

export const verdictWords: Record<VerdictValue, string> = { pass: 'PASS', fail: 'FAIL', inconclusive: 'INCONCLUSIVE' }

/**
 * `12.3 ms`, `8.4 µs`, `1.52 s`, `4`, `99.98 %`: three significant figures, whole numbers as they are. Milliseconds
 * under 1 become microseconds and over 1000 seconds. The same on every machine, whatever its locale.
 */
export function quantity(value: number | null, unit: string): string {
  if (value === null || Number.isNaN(value)) return 'not measured'
  if (!Number.isFinite(value)) return value > 0 ? 'without end' : 'below all'
  if (unit === 'share') return `${percent(value * 100)} %`
  if (unit === 'ms') return duration(value)
  return unit === '' || unit === 'count' ? trimmed(value) : `${trimmed(value)} ${unit}`
}

function duration(ms: number): string {
  const size = Math.abs(ms)
  if (size >= 1000) return `${trimmed(ms / 1000)} s`
  return size === 0 || size >= 1 ? `${trimmed(ms)} ms` : `${trimmed(ms * 1000)} µs`
}

/** Close to the whole it is the rest that matters: 99.98 is not 100. */
function percent(value: number): string {
  if (value <= 99 || value >= 100) return trimmed(value)
  return value > 99.995 ? '> 99.99' : String(Number(value.toFixed(2)))
}

function trimmed(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3
  const [whole, part] = String(Number(Math.abs(value).toFixed(Number.isInteger(value) ? 0 : digits))).split('.')
  const sign = value < 0 && Number(`${whole}.${part ?? 0}`) !== 0 ? '-' : ''
  return `${sign}${formatCount(Number(whole))}${part === undefined ? '' : `.${part}`}`
}

/** `< 10 ms` when no request was bad, `162 ms ± 10 ms`, or `not recovered`. `short` leaves out what stands beside it anyway. */
export function failoverWords({ belowResolution, notRecovered, valueMs, resolutionMs, zeroUncertaintyMs }: FailoverMeasurement, length: 'full' | 'short' = 'full'): string {
  if (notRecovered) return length === 'short' ? 'not recovered' : 'not recovered before healing'
  if (belowResolution) return `< ${quantity(resolutionMs, 'ms')}${length === 'short' ? '' : ' (no bad request)'}`
  return length === 'short' ? quantity(valueMs, 'ms') : `${quantity(valueMs, 'ms')} ± ${quantity(Math.max(resolutionMs, zeroUncertaintyMs), 'ms')}`
}

/** `2026-11-23 09:20:29 UTC`; what is no date stays as it is. */
export function whenUtc(iso: string): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(iso)
  return match === null ? iso : `${match[1]} ${match[2]} UTC`
}

/** Worst first: what failed, what could not be told, what nobody could tell here, what held. */
export function worstFirst(checks: readonly Check[]): Check[] {
  const order: CheckVerdict[] = ['fail', 'inconclusive', 'unsupported', 'pass']
  return [...checks].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))
}

/** On one line, without control characters: names from files must not move a terminal's cursor or break a line. */
export function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/\s+/g, ' ').replaceAll(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, '?')
}

/** What was played in virtual time, and how fast: `60 s in 5.2 s by the clock on the wall`. Null for runs in real time. */
export function virtualTimeWords({ trace }: Pick<Inventory, 'trace'>): { played: string; trace: string } | null {
  if (trace === undefined) return null
  const speed = trace.wallMs > 0 ? `, ${quantity(trace.virtualUs / 1000 / trace.wallMs, 'times faster than real time')}` : ''
  return {
    played: `${quantity(trace.virtualUs / 1000, 'ms')} in ${quantity(trace.wallMs, 'ms')} by the clock on the wall${speed}`,
    trace: `${trace.hash} over ${quantity(trace.events, 'events')}, ${quantity(trace.requests, 'requests')}`,
  }
}
