// What tracing cost and kept in a few lines, for reports of words.

import type { Interval, TracingFigures } from '../scenarios/verdict.ts'
import { oneLine, quantity } from './words.ts'

export interface TracingLine { variant: string; processor: string; octets: string; kept: string }

/** One a variant; `all` where the configuration did not alternate. */
export function tracingLines({ variants }: TracingFigures): TracingLine[] {
  return variants.map(({ variant, cpuUsPerRequest, overhead, bytesPerRequest, bytes, traces, kept, brokenTraces, lostToFault }) => ({
    variant: oneLine(variant) || 'all',
    processor: cpuUsPerRequest === null ? '' : `${quantity(cpuUsPerRequest / 1000, 'ms')}${share(overhead)}`,
    octets: bytesPerRequest === null ? '' : `${quantity(bytesPerRequest, 'B')}${share(bytes)}`,
    kept: `${quantity(traces, 'count')} traces${reasons(kept)}, ${quantity(brokenTraces, 'count')} broken${lostToFault === 0 ? '' : `, ${quantity(lostToFault, 'count')} lost to a fault`}`,
  }))
}

function share(interval: Interval | null): string {
  if (interval === null) return ''
  const { value, low, high } = interval
  return low === high ? ` (${quantity(value, 'share')})` : ` (${quantity(value, 'share')}, ${quantity(low, 'share')} to ${quantity(high, 'share')})`
}

function reasons(kept: Readonly<Record<string, number>>): string {
  const parts = Object.entries(kept).toSorted(([, a], [, b]) => b - a).map(([reason, count]) => `${quantity(count, 'count')} ${oneLine(reason)}`)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}
