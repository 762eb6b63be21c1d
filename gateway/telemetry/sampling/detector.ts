// Whether a key is out of the ordinary: errors, slow requests or arrivals of the last quarter, half, whole, two or four seconds
// against its baseline. Windows of several lengths find what is strong at once and what is weak a little later (scan
// statistics: Glaz, Naus, Wallenstein 2001). Raised only for what could not well be chance, is large, and was seen twice.

import { Baseline } from './baseline.ts'
import { bucketOf } from './buckets.ts'
import { binomialEvidence, poissonEvidence } from './chance.ts'

export type AnomalyKind = 'errors' | 'slow' | 'rate'

/** Quarter seconds that are remembered, and the lengths of the windows in them. One quarter alone never raises: a process that stopped for a moment is late with many requests at once. */
const quarters = 16
const windows = [2, 4, 8, 16] as const
/** −ln of the bound on chance: 10^−6 begins an anomaly, 10^−2 keeps one that is there. */
const begins = 14
const lasts = 4.6
/** How much makes an anomaly: a share twice the usual and so much above it, or so many times the usual arrivals. */
const failedMargin = 0.03
const slowMargin = 0.15
const surge = 3
const fewestArrivals = 20

const At = { Seconds: 0, Arrivals: 1, Finished: 2, Failed: 3, Slow: 4 } as const
const width = 5

export class Detector {
  readonly #baseline = new Baseline()
  readonly #ring = new Float64Array(quarters * width)
  #now = 0

  /** A request is over. Does not allocate. */
  finished(durationUs: number, failed: boolean): void {
    const bucket = bucketOf(durationUs)
    const at = this.#now * width
    this.#ring[at + At.Finished]++
    if (failed) this.#ring[at + At.Failed]++
    if (bucket >= this.#baseline.slowBucket) this.#ring[at + At.Slow]++
    this.#baseline.finished(bucket, failed)
  }

  /**
   * A quarter of a second is over. Returns what is out of the ordinary, null when nothing is. `raised`: it was already, so less
   * is enough. `learn`: what is seen now may become usual.
   */
  passed(seconds: number, arrivals: number, raised: boolean, learn: boolean): AnomalyKind | null {
    const at = this.#now * width
    this.#ring[at + At.Seconds] = seconds
    this.#ring[at + At.Arrivals] = arrivals
    const seen = this.#seen(raised)
    if (learn && (seen === null || raised)) this.#baseline.passed(seconds, arrivals)
    else this.#baseline.forget()
    this.#now = (this.#now + 1) % quarters
    this.#ring.fill(0, this.#now * width, (this.#now + 1) * width)
    return seen
  }

  /** Nothing that lies before now is evidence of anything. */
  forget(): void {
    this.#ring.fill(0)
    this.#baseline.forget()
  }

  #seen(raised: boolean): AnomalyKind | null {
    const { failedShare, slowShare, arrivalRate } = this.#baseline
    // What ends is seen soonest in a short window.
    const longest = raised ? 4 : quarters
    for (const window of windows) {
      if (window > longest) break
      if (this.#share(At.Failed, window, failedShare, failedMargin, raised)) return 'errors'
      if (this.#share(At.Slow, window, slowShare, slowMargin, raised)) return 'slow'
      if (this.#surge(window, arrivalRate, raised)) return 'rate'
    }
    return null
  }

  #share(field: number, window: number, usual: number, margin: number, raised: boolean): boolean {
    const count = this.#sum(field, window)
    const of = this.#sum(At.Finished, window)
    const least = Math.min(1, Math.max(2 * usual, usual + margin))
    if (!(count >= least * of) || count === 0 || binomialEvidence(count, of, usual) < (raised ? lasts : begins)) return false
    const worst = this.#worst(field, window)
    return count - this.#ring[worst + field] >= least * (of - this.#ring[worst + At.Finished]) && count > this.#ring[worst + field]
  }

  #surge(window: number, usual: number, raised: boolean): boolean {
    const count = this.#sum(At.Arrivals, window)
    const expected = usual * this.#sum(At.Seconds, window)
    if (!(count >= surge * expected) || count < fewestArrivals || poissonEvidence(count, expected) < (raised ? lasts : begins)) return false
    const worst = this.#worst(At.Arrivals, window)
    return count - this.#ring[worst + At.Arrivals] >= surge * usual * (this.#sum(At.Seconds, window) - this.#ring[worst + At.Seconds])
  }

  #sum(field: number, window: number): number {
    let sum = 0
    for (let back = 0; back < window; back++) sum += this.#ring[this.#place(back) + field]
    return sum
  }

  /** Where the quarter of a window begins that has most of `field`. */
  #worst(field: number, window: number): number {
    let worst = this.#place(0)
    for (let back = 1; back < window; back++) {
      const at = this.#place(back)
      if (this.#ring[at + field] > this.#ring[worst + field]) worst = at
    }
    return worst
  }

  #place(back: number): number {
    return ((this.#now - back + quarters) % quarters) * width
  }
}
