// The series of one route. A tree from region and custom labels to counts, so that a request joins no text to find its own.

import type { RequestOutcome } from '../metrics.ts'
import type { CustomMetric, RedRoute } from './red.ts'
import type { SeriesSet } from './series-set.ts'
import type { SeriesCounts } from './series.ts'

type Branch = Map<string, Branch | SeriesCounts>

/** Region, then custom labels in their order, lead to a series. */
export class RouteSeries implements RedRoute {
  readonly #all: SeriesSet
  readonly #base: { route: string; tenant: string; protocol: string }
  readonly #custom: readonly CustomMetric[]
  readonly #nowUs: () => number
  readonly #root: Branch = new Map()
  /** Region → where values go that a custom metric has no room for. */
  readonly #beyond = new Map<string, SeriesCounts>()
  #generation: number

  constructor(all: SeriesSet, base: { route: string; tenant: string; protocol: string }, custom: readonly CustomMetric[], nowUs: () => number) {
    this.#all = all
    this.#base = base
    this.#custom = custom
    this.#nowUs = nowUs
    this.#generation = all.generation
  }

  record(
    region: string, outcome: RequestOutcome, durationUs: number, retries: number, hedges: number, traceId: string, labels: readonly string[] | null,
  ): void {
    const counts = this.#find(region, labels) ?? this.#make(region, labels)
    counts.record(outcome, durationUs, retries, hedges)
    if (traceId !== '') counts.exemplar(traceId, durationUs, this.#nowUs())
  }

  #find(region: string, labels: readonly string[] | null): SeriesCounts | undefined {
    if (this.#generation !== this.#all.generation) {
      this.#root.clear()
      this.#beyond.clear()
      this.#generation = this.#all.generation
    }
    let found = this.#root.get(region)
    for (let at = 0; at < this.#custom.length && found !== undefined; at++) found = (found as Branch).get(labels?.[at] ?? '')
    return found as SeriesCounts | undefined
  }

  #make(region: string, labels: readonly string[] | null): SeriesCounts {
    if (this.#custom.some((metric, at) => !this.#all.allows(this.#base.route, metric, labels?.[at] ?? ''))) return this.#overflow(region)
    const custom = this.#custom.map(({ label }, at) => [label, labels?.[at] ?? ''])
    const counts = this.#all.of({ ...this.#base, region, ...Object.fromEntries(custom) as Record<string, string> })
    // What finds no room is not remembered in the tree: it has no bound, and there may be room for it later.
    if (counts === null) return this.#overflow(region)
    let branch = this.#root
    const steps = [region, ...custom.map(([, value]) => value)]
    for (const step of steps.slice(0, -1)) {
      const next = (branch.get(step) ?? new Map()) as Branch
      branch.set(step, next)
      branch = next
    }
    branch.set(steps.at(-1)!, counts)
    return counts
  }

  /** The route's own, where it has custom metrics and there is room; otherwise the gateway's. */
  #overflow(region: string): SeriesCounts {
    const known = this.#beyond.get(region)
    if (known !== undefined) return known
    const counts = this.#custom.length === 0 ? null : this.#all.of({ ...this.#base, region, overflow: 'true' })
    if (counts === null) return this.#all.overflow()
    this.#beyond.set(region, counts)
    return counts
  }
}
