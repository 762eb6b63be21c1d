// What is usual of a key: arrivals, errors and durations, averaged over two minutes. It learns late, from blocks of a few seconds
// that have been calm to their end and beyond, so that what led to an alarm is never taken for normal.

import { bucketCount, slowFrom } from './buckets.ts'

/** Fading of what was learned: an exponentially weighted average over so long. */
const windowS = 120
/** A block is learned when the next one is full. */
const blockS = 4
/** Nothing is judged against fewer requests than this. */
const fewest = 60

/** Places in a block, before the histogram of durations. */
const At = { Seconds: 0, Arrivals: 1, Finished: 2, Failed: 3, Durations: 4 } as const
const blockLength = At.Durations + bucketCount

export class Baseline {
  #current = new Float64Array(blockLength)
  #last = new Float64Array(blockLength)
  readonly #learned = new Float64Array(blockLength)
  /** Durations from this bucket on are slow: at least a fifth, at most a half above the 95th percentile. None before enough is known. */
  slowBucket = bucketCount
  /** Upper bounds (99.8 %) of what is usual: shares of requests, arrivals a second. Not a number: too little is known. */
  failedShare = Number.NaN
  slowShare = Number.NaN
  arrivalRate = Number.NaN

  /** A request is over. Does not allocate. */
  finished(bucket: number, failed: boolean): void {
    this.#current[At.Finished]++
    this.#current[At.Durations + bucket]++
    if (failed) this.#current[At.Failed]++
  }

  /** A part of a block is over. */
  passed(seconds: number, arrivals: number): void {
    this.#current[At.Seconds] += seconds
    this.#current[At.Arrivals] += arrivals
    if (this.#current[At.Seconds] < blockS) return
    const learned = this.#learned
    const fading = Math.exp(-this.#last[At.Seconds] / windowS)
    for (let at = 0; at < blockLength; at++) learned[at] = learned[at] * fading + this.#last[at]
    const spent = this.#last.fill(0)
    this.#last = this.#current
    this.#current = spent
    this.#judge()
  }

  /** What was not learned yet is not to be. */
  forget(): void {
    this.#current.fill(0)
    this.#last.fill(0)
  }

  #judge(): void {
    const [seconds, arrivals, finished, failed] = this.#learned
    if (seconds === 0) return
    this.arrivalRate = (arrivals + 3 * Math.sqrt(arrivals) + 1) / seconds
    if (finished < fewest) return
    this.failedShare = upperShare(failed, finished)
    let above = finished
    let bucket = 0
    while (bucket < bucketCount && above > 0.05 * finished) above -= this.#learned[At.Durations + bucket++]
    this.slowBucket = slowFrom(bucket)
    for (; bucket < this.slowBucket; bucket++) above -= this.#learned[At.Durations + bucket]
    this.slowShare = upperShare(Math.max(0, above), finished)
  }
}

/** Upper end of Wilson's score interval at three standard deviations (Wilson 1927), and 1 % at least. */
function upperShare(count: number, of: number): number {
  const z2 = 9
  const share = count / of
  const middle = share + z2 / (2 * of)
  const spread = 3 * Math.sqrt((share * (1 - share)) / of + z2 / (4 * of * of))
  return Math.max(0.01, (middle + spread) / (1 + z2 / of))
}

