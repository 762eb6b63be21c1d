// How values are written for people, the same in every report.

import type { Check, FailoverMeasurement, VerdictValue } from '../scenarios/verdict.ts'

export const verdictWords: Record<VerdictValue, string> = { pass: 'PASS', fail: 'FAIL', inconclusive: 'INCONCLUSIVE' }

/** `12.3 ms`, `4`, `99.98 %`: three significant figures, whole numbers as they are. */
export function quantity(value: number | null, unit: string): string {
  if (value === null || Number.isNaN(value)) return 'not measured'
  if (!Number.isFinite(value)) return value > 0 ? 'without end' : 'below all'
  if (unit === 'share') return `${trimmed(value * 100)} %`
  return unit === '' || unit === 'count' ? trimmed(value) : `${trimmed(value)} ${unit}`
}

function trimmed(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString('en-GB')
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 1 ? 2 : 3
  return String(Number(value.toFixed(digits)))
}

/** `< 10 ms` when no request was bad, `162 ms ± 0.8`, or `not recovered`. */
export function failoverWords({ belowResolution, notRecovered, valueMs, resolutionMs, zeroUncertaintyMs }: FailoverMeasurement): string {
  if (notRecovered) return 'not recovered before healing'
  if (belowResolution) return `< ${quantity(resolutionMs, 'ms')} (no bad request)`
  return `${quantity(valueMs, 'ms')} ± ${quantity(Math.max(resolutionMs, zeroUncertaintyMs), 'ms')}`
}

/** Worst first: what failed, what could not be told, what held. */
export function worstFirst(checks: readonly Check[]): Check[] {
  const order: VerdictValue[] = ['fail', 'inconclusive', 'pass']
  return [...checks].sort((a, b) => order.indexOf(a.verdict) - order.indexOf(b.verdict))
}
