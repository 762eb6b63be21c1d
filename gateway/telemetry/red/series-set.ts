// All series of a gateway, in one map whose size is bounded: what is beyond a limit is counted in an overflow series, so that
// sums stay exact when labels do not.

import { labelKey } from './merge.ts'
import type { CustomMetric } from './red.ts'
import type { RedLabels, RedSeries } from './report.ts'
import { SeriesCounts } from './series.ts'

/** Names that custom metrics may not take. */
export const reservedLabels: readonly string[] = ['route', 'tenant', 'region', 'protocol', 'outcome', 'overflow', 'le', 'quantile']

export const gatewayOverflow: RedLabels = { route: '', tenant: '', region: '', protocol: '', overflow: 'true' }
const overflowKey = labelKey(gatewayOverflow)

/** All series of a gateway, by their labels. */
export class SeriesSet {
  readonly #max: number
  readonly #held = new Map<string, SeriesCounts>()
  /** `route label` → value → how many series have it. */
  readonly #values = new Map<string, Map<string, number>>()
  /** Goes up when series were forgotten: trees that point to them are void. */
  generation = 0

  constructor(max: number) {
    this.#max = max
  }

  /** The series of these labels, made when there is room; null when there is none. */
  of(labels: RedLabels): SeriesCounts | null {
    const key = labelKey(labels)
    const known = this.#held.get(key)
    // One place is kept for the overflow of the gateway.
    const room = key === overflowKey ? this.#max : this.#max - (this.#held.has(overflowKey) ? 0 : 1)
    return known ?? (this.#held.size < room ? this.#make(key, labels) : null)
  }

  overflow(): SeriesCounts {
    return this.#held.get(overflowKey) ?? this.#make(overflowKey, gatewayOverflow)
  }

  /** A value of a custom metric that is known, or the first of not too many. */
  allows(route: string, { label, maxValues }: CustomMetric, value: string): boolean {
    const known = this.#values.get(valuesKey(route, label))
    return value === '' || known === undefined || known.has(value) || known.size < maxValues
  }

  #make(key: string, labels: RedLabels): SeriesCounts {
    const made = new SeriesCounts(labels)
    this.#held.set(key, made)
    this.#count(labels, 1)
    return made
  }

  /** Counts the values of custom labels, which are those that are not of every series. */
  #count({ route, ...labels }: RedLabels, by: 1 | -1): void {
    for (const [label, value] of Object.entries(labels)) {
      if (value === '' || reservedLabels.includes(label)) continue
      const key = valuesKey(route, label)
      const counts = this.#values.get(key) ?? new Map<string, number>()
      const count = (counts.get(value) ?? 0) + by
      if (count === 0) counts.delete(value)
      else counts.set(value, count)
      if (counts.size === 0) this.#values.delete(key)
      else this.#values.set(key, counts)
    }
  }

  take(maxIdle: number): RedSeries[] {
    const taken: RedSeries[] = []
    for (const [key, counts] of this.#held) {
      const since = counts.take()
      if (since !== null) taken.push(since)
      if (counts.idle < maxIdle) continue
      this.#held.delete(key)
      this.#count(counts.labels, -1)
      this.generation++
    }
    return taken
  }

  totals(): RedSeries[] {
    return [...this.#held.values()].map((counts) => counts.total())
  }
}

const valuesKey = (route: string, label: string): string => `${route} ${label}`
