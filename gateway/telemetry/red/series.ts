// One series as it is counted: plain numbers that a request adds to, read as deltas for reports and as totals for /metrics.

import { requestOutcomes, type RequestOutcome } from '../metrics.ts'
import { DurationHistogram, emptyHistogram, mergeHistograms } from './histogram.ts'
import { latestByOctave, type Exemplar } from './merge.ts'
import type { ExponentialHistogram, RedLabels, RedSeries } from './report.ts'

/** Positions of what is counted: outcomes, then these. */
const Count = { retries: requestOutcomes.length, hedges: requestOutcomes.length + 1 } as const
const counts = requestOutcomes.length + 2

export class SeriesCounts {
  readonly labels: RedLabels
  /** Since the series began, and as they were when it was read last. */
  readonly #counts = new Float64Array(counts)
  readonly #read = new Float64Array(counts)
  readonly #durations = new DurationHistogram()
  #pastDurations: ExponentialHistogram = emptyHistogram()
  #exemplars: Exemplar[] = []
  #pastExemplars: readonly Exemplar[] = []
  /** Times in a row that it was read and nothing was new. */
  idle = 0

  constructor(labels: RedLabels) {
    this.labels = labels
  }

  record(outcome: RequestOutcome, durationUs: number, retries: number, hedges: number): void {
    this.#counts[requestOutcomes.indexOf(outcome)]++
    this.#counts[Count.retries] += retries
    this.#counts[Count.hedges] += hedges
    this.#durations.record(durationUs)
  }

  exemplar(traceId: string, valueUs: number, atUs: number): void {
    this.#exemplars = latestByOctave(this.#exemplars, [{ traceId, valueUs, atUs }])
  }

  /** Everything since the last call; null when nothing came. */
  take(): RedSeries | null {
    if (this.#durations.count === 0) {
      this.idle++
      return null
    }
    this.idle = 0
    const now = this.#counts
    const since = this.#of(now.map((count, at) => count - this.#read[at]), this.#durations.take(), this.#exemplars)
    this.#read.set(now)
    this.#pastDurations = mergeHistograms(this.#pastDurations, since.durations)
    this.#pastExemplars = latestByOctave(this.#pastExemplars, this.#exemplars)
    this.#exemplars = []
    return since
  }

  /** Since the series began. */
  total(): RedSeries {
    return this.#of(
      this.#counts, mergeHistograms(this.#pastDurations, this.#durations.read()), latestByOctave(this.#pastExemplars, this.#exemplars),
    )
  }

  #of(numbers: Float64Array, durations: ExponentialHistogram, exemplars: readonly Exemplar[]): RedSeries {
    const outcomes: Record<string, number> = {}
    requestOutcomes.forEach((outcome, at) => {
      if (numbers[at] > 0) outcomes[outcome] = numbers[at]
    })
    return {
      labels: this.labels, outcomes, retries: numbers[Count.retries], hedges: numbers[Count.hedges], durations, exemplars: [...exemplars],
    }
  }
}
