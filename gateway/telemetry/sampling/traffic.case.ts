// Traffic in virtual time for the tests of samplers: arrivals by a rate that may change, requests that end as `request` says.

import type { Random } from '../../ports.ts'
import { seededRandom } from '../../runtime.ts'
import type { RouteSampling } from '../../snapshot/snapshot.ts'
import { createSamplingCore, isKept, type RateChange, type SamplingCore } from './index.ts'
import { thresholdRange } from './sampler.ts'

export const samplingOf = (sampler: RouteSampling['sampler'], over: Partial<RouteSampling> = {}): RouteSampling =>
  ({ policy: 'shop/tracing', tenant: 'shop', sampler, retroactive: null, anomaly: null, honourClients: false, ...over })

export const adaptiveOf = (spansPerSecond: number, over: Partial<RouteSampling> = {}): RouteSampling =>
  samplingOf({ kind: 'adaptive', spansPerSecond, windowMs: 15_000, burst: 2 }, over)

export interface Key {
  /** Arrivals a second. */
  rate(second: number): number
  /** What becomes of a request that arrives then; 5 to 15 ms and no error when left out. */
  request?(second: number, random: Random): { durationUs: number; failed: boolean }
}

/** Of each second, all keys together: spans that arrived, and spans that were kept. */
export interface Second { offered: number; kept: number; probabilities: number[] }

export interface Played { seconds: Second[]; changes: (RateChange & { second: number })[]; core: SamplingCore }

const spansPerRequest = 2

/** Poisson arrivals by thinning quarter seconds; every request is over when it arrives, its end is told `durationUs` later. */
export function play(keys: readonly Key[], settings: RouteSampling, seconds: number, seed = 1): Played {
  const core = createSamplingCore()
  const random = seededRandom(seed)
  const numbers = keys.map((_, index) => core.key({ tenant: 'shop', route: `r${index}`, protocol: 'http1' }, settings))
  const played: Played = { seconds: [], changes: [], core }
  const ending: { atUs: number; key: number; durationUs: number; failed: boolean }[] = []
  core.tick(0)
  for (let quarter = 0; quarter < seconds * 4; quarter++) {
    const from = quarter / 4
    if (quarter % 4 === 0) played.seconds.push({ offered: 0, kept: 0, probabilities: [] })
    const now = played.seconds.at(-1) as Second
    keys.forEach((key, index) => {
      for (let at = from + gap(key.rate(from), random); at < from + 0.25; at += gap(key.rate(from), random)) {
        const threshold = core.head(numbers[index], at * 1e6)
        now.offered += spansPerRequest
        if (isKept(Math.floor(random.next() * thresholdRange), threshold)) now.kept += spansPerRequest
        const { durationUs, failed } = key.request?.(at, random) ?? { durationUs: 5_000 + 10_000 * random.next(), failed: false }
        ending.push({ atUs: at * 1e6 + durationUs, key: numbers[index], durationUs, failed })
      }
    })
    const nowUs = (from + 0.25) * 1e6
    let open = 0
    for (const end of ending) {
      if (end.atUs > nowUs) ending[open++] = end
      else core.finished(end.key, spansPerRequest, end.durationUs, end.failed, end.atUs)
    }
    ending.length = open
    core.tick(nowUs)
    for (const change of core.changes) played.changes.push({ ...change, second: nowUs / 1e6 })
    if (quarter % 4 === 3) now.probabilities.push(...core.rates().map(({ probability }) => probability))
  }
  return played
}

function gap(rate: number, random: Random): number {
  return rate <= 0 ? Number.POSITIVE_INFINITY : -Math.log(1 - random.next()) / rate
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
