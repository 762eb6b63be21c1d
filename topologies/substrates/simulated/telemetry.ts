// Telemetry of one simulated gateway: the samplers, ring, promotions and RED metrics of the real one, given virtual time and
// seeded randomness. What a collector would take is counted, and written into the history where the run traces.

import { createRedMetrics } from '../../../gateway/telemetry/red/index.ts'
import type { CustomMetric, RedMetrics, RedRoute } from '../../../gateway/telemetry/red/red.ts'
import type { TelemetryReport } from '../../../gateway/telemetry/red/report.ts'
import { createSamplingCore, type KeyRate, type SamplingCore } from '../../../gateway/telemetry/sampling/index.ts'
import { createTracing, type TracedRoute, type Tracing } from '../../../gateway/telemetry/spans/index.ts'
import type { GatewayEvent } from '../../../gateway/ports.ts'
import { seededRandom } from '../../../gateway/runtime.ts'
import { samplingOver, type Snapshot } from '../../../gateway/snapshot/snapshot.ts'
import { deriveSeed } from '../../arrivals.ts'
import type { SpanRow } from '../../history.ts'
import type { GatewayPlace } from './layout.ts'
import { spanSink } from './span-rows.ts'

/** What telemetry knows of a route. */
export interface WatchedRoute {
  /** null: it has no sampling policy. */
  traced: TracedRoute | null
  red: RedRoute
  custom: readonly CustomMetric[]
}

export interface TelemetryOptions {
  seed: number
  /** Between two `tracing` events, and two reports. */
  everyUs: number
  tell(source: string, event: GatewayEvent): void
  /** null: spans are counted and gone. */
  span: ((row: SpanRow) => void) | null
}

/** As in `gateway/dataplane`: of all protocols that a route could be asked over there is one. */
const protocol = 'http1'
/** Rates move four times a second and batches leave five times; twice as often is soon enough for both. */
const turnUs = 100_000
/** A second of the tracing core is over a little before the next turn. */
const earlyUs = 500_000

export class GatewayTelemetry {
  readonly tracing: Tracing
  /** By index of the route in the snapshot. */
  routes: WatchedRoute[] = []
  /** Of requests that no rule matched. */
  readonly unmatched: WatchedRoute
  readonly #place: GatewayPlace
  readonly #options: TelemetryOptions
  readonly #sampling: SamplingCore
  readonly #red: RedMetrics
  readonly #regions: () => TelemetryReport['regions']
  /** Policies of which a rate was raised since the last report. */
  readonly #raised = new Set<string>()
  #nowUs: number
  #dueUs: number
  #reportUs: number
  #toldUs = Number.NEGATIVE_INFINITY
  #sequence = 0

  /** `regions`: those that the gateway does not send to as usual. */
  constructor(place: GatewayPlace, options: TelemetryOptions, regions: () => TelemetryReport['regions'], nowUs: number) {
    this.#place = place
    this.#options = options
    this.#regions = regions
    this.#nowUs = this.#dueUs = nowUs
    this.#reportUs = nowUs + options.everyUs
    this.#sampling = createSamplingCore()
    this.#red = createRedMetrics({ nowUs: () => this.#nowUs })
    this.tracing = createTracing({
      sampling: this.#sampling, random: seededRandom(deriveSeed(options.seed, `telemetry/${place.source}`)),
      exporter: spanSink(place.source, options.span),
      tell: (event) => {
        if (event.kind === 'tracing') {
          if (event.atUs - this.#toldUs < options.everyUs - earlyUs) return
          this.#toldUs = event.atUs
        }
        options.tell(place.source, event)
      },
    })
    this.unmatched = { traced: null, red: this.#red.route('', '', '', []), custom: [] }
  }

  serve({ routes }: Snapshot): void {
    this.routes = routes.map((route) => {
      const { id, metrics = [] } = route
      const sampling = samplingOver(route, protocol)
      return {
        traced: sampling === undefined ? null : this.tracing.route(id, protocol, sampling),
        red: this.#red.route(id, id.slice(0, id.indexOf('/')), protocol, metrics),
        custom: metrics,
      }
    })
    this.tracing.keep(this.routes.flatMap(({ traced }) => traced ?? []))
  }

  tick(nowUs: number): void {
    this.#nowUs = nowUs
    if (nowUs < this.#dueUs) return
    this.#dueUs = nowUs + turnUs
    this.tracing.tick(nowUs)
    if (this.#sampling.changes.length > 0) this.#noteRaised()
    if (nowUs >= this.#reportUs) this.#report(nowUs)
  }

  /** For exemplars. */
  at(nowUs: number): void {
    this.#nowUs = nowUs
  }

  /** The run is over: what waits is handed over, and told. */
  finish(nowUs: number): void {
    this.#nowUs = nowUs
    this.#toldUs = Number.NEGATIVE_INFINITY
    void this.tracing.close(0)
    this.tracing.tick(nowUs)
    this.#report(nowUs)
  }

  #noteRaised(): readonly KeyRate[] {
    const rates = this.#sampling.rates()
    for (const { raised, policy } of rates) if (raised) this.#raised.add(policy)
    return rates
  }

  #report(nowUs: number): void {
    this.#reportUs = nowUs + this.#options.everyUs
    const spans = this.tracing.takeSampledSpans()
    const budgets = new Map(this.#noteRaised().flatMap(({ policy, budget }): [string, number][] => (budget === null ? [] : [[policy, budget]])))
    const report: TelemetryReport = {
      gateway: this.#place.name, sequence: ++this.#sequence, ...this.#red.drain(nowUs),
      sampling: [...budgets].map(([policy, budget]) => ({ policy, budget, spans: spans.get(policy) ?? 0, raised: this.#raised.has(policy) })),
      regions: this.#regions(),
      certificates: [],
    }
    this.#raised.clear()
    this.#options.tell(this.#place.source, { atUs: nowUs, kind: 'red', report })
  }
}
