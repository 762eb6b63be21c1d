// How a difference is said, the same in every report and in the document: `slower by 1.8 x (1.6 to 2.1)`.

import { formatMs } from '../judging/statistics.ts'
import type { Apart } from './apart.ts'

/** `bound`: one side is only known to be beyond a bound, so the factor is the least it can be. */
export function ratioWords(apart: Apart, bound = false): string {
  if (apart.told === 'not-compared') return `not compared: ${apart.why}`
  const { told, estimate: { value, low, high }, controlReach } = apart
  if (told === 'not-apart') return `not told apart: ${two(value)} x (${two(low)} to ${two(high)}), the control goes to ${two(controlReach)} x`
  const said = told === 'more' ? [value, low, high] : [1 / value, 1 / high, 1 / low]
  return `${told === 'more' ? 'slower' : 'faster'} by ${bound ? 'at least ' : ''}${two(said[0])} x (${two(said[1])} to ${two(said[2])})`
}

/** `12 more (10 to 14)`. */
export function differenceWords(apart: Apart): string {
  if (apart.told === 'not-compared') return `not compared: ${apart.why}`
  const { told, estimate: { value, low, high }, controlReach } = apart
  if (told === 'not-apart') return `not told apart: ${signed(value)} (${signed(low)} to ${signed(high)}), the control goes to ${two(controlReach)}`
  const said = told === 'more' ? [value, low, high] : [-value, -high, -low]
  return `${two(said[0])} ${told === 'more' ? 'more' : 'fewer'} (${two(said[1])} to ${two(said[2])})`
}

/** `2 x < 10 ms, 1 x 608.7 ms, 1 x not recovered`: what is bounded stays apart from what was measured. */
export function failoverValues(failovers: readonly ({ kind: 'measured' | 'below-resolution' | 'not-recovered'; ms: number } | null)[]): string {
  if (failovers.length === 0) return 'none'
  const texts = failovers.map((one) => (one === null ? 'not measured' : one.kind === 'not-recovered' ? 'not recovered' : one.kind === 'below-resolution' ? `< ${formatMs(one.ms)}` : formatMs(one.ms)))
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].map(([text, count]) => (count === 1 ? text : `${count} x ${text}`)).join(', ')
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${two(Math.abs(value))}`
}

/** Three significant figures: 0.987, 1.83, 12.4, 123. */
function two(value: number): string {
  return String(value >= 100 ? Math.round(value) : Number(value.toPrecision(3)))
}
