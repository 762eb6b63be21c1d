// What is counted by labels, a bounded number of them: whatever comes after that many counts together, as the overflow
// series of RED metrics does. What nothing was added to for a whole window is forgotten.

import type { RedLabels } from '../red/report.ts'
import { createWindow, type Window, type WindowSettings } from './window.ts'

export interface Series {
  labels: Record<string, string>
  window: Window
  /** Gateway → when it last reported what the rule looks for. */
  seenBy: Map<string, number>
}

const maxSeries = 1_000
/** Of one series; those that saw it last are kept. */
const maxGateways = 64

export interface SeriesSet {
  of(labels: Partial<RedLabels>): Series
  /** Those of which there is anything to tell. */
  each(nowUs: number): Iterable<Series>
}

export function createSeries(by: readonly string[], settings: WindowSettings): SeriesSet {
  const all = new Map<string, Series>()
  const made = (key: string, labels: Record<string, string>): Series => {
    const series = { labels, window: createWindow(settings), seenBy: new Map() }
    all.set(key, series)
    return series
  }
  return {
    of(labels) {
      const overflow = labels.overflow === 'true' && by.length > 0
      const key = overflow ? overflowKey : by.map((label) => labels[label] ?? '').join('\n')
      const known = all.get(key)
      if (known !== undefined) return known
      if (!overflow && all.size < maxSeries) return made(key, Object.fromEntries(by.map((label) => [label, labels[label] ?? ''])))
      return all.get(overflowKey) ?? made(overflowKey, { overflow: 'true' })
    },
    *each(nowUs) {
      for (const [key, series] of all) {
        if (series.window.empty(nowUs)) all.delete(key)
        else yield series
      }
    },
  }
}

/** No labels give this key: neither names nor header values hold a NUL (RFC 9110, section 5.5). */
const overflowKey = '\0overflow'

export function seen(series: Series, gateway: string, nowUs: number): void {
  series.seenBy.delete(gateway)
  series.seenBy.set(gateway, nowUs)
  if (series.seenBy.size > maxGateways) series.seenBy.delete(series.seenBy.keys().next().value!)
}

/** Gateways that reported it within `spanUs`, by name; the others are forgotten. */
export function gatewaysOf(series: Series, spanUs: number, nowUs: number): string[] {
  for (const [gateway, atUs] of series.seenBy) if (nowUs - atUs > spanUs) series.seenBy.delete(gateway)
  return [...series.seenBy.keys()].sort()
}

/** `route shop/cart/0, tenant shop`, for sentences; `all requests` without labels. */
export function told(labels: Record<string, string>): string {
  const parts = Object.entries(labels).map(([label, value]) => `${label} ${value === '' ? '(none)' : value}`)
  return parts.length === 0 ? 'all requests' : parts.join(', ')
}
