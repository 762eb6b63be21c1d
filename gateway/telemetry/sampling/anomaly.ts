// What an anomaly does to a rate: it is multiplied by the policy's factor while the detector sees one, then the factor halves
// each half-life until it is 1, and the rate is exactly what it would be without.

import { Detector, type AnomalyKind } from './detector.ts'

/** An anomaly lasts until it was not seen for so long. */
const holdUs = 2_000_000
/** After so long what was out of the ordinary begins to be learned as usual; its average then needs a few minutes more. */
const newNormalUs = 300_000_000

export type AnomalyState = 'calm' | 'raised' | 'decaying'

export class Anomaly {
  readonly #detector = new Detector()
  state: AnomalyState = 'calm'
  kind: AnomalyKind | '' = ''
  /** What the calm probability is multiplied by, 1 and more. */
  factor = 1
  #sinceUs = 0
  #seenUs = 0
  /** Where the decay began. */
  #from = 1

  finished(durationUs: number, failed: boolean): void {
    this.#detector.finished(durationUs, failed)
  }

  /** A quarter of a second is over. `calm`: the probability without an anomaly; what it cannot rise to is not decayed from. */
  passed(seconds: number, arrivals: number, calm: number, settings: { factor: number; halfLifeMs: number }, nowUs: number): void {
    const raised = this.state === 'raised'
    const seen = this.#detector.passed(seconds, arrivals, raised, !raised || nowUs - this.#sinceUs > newNormalUs)
    if (seen !== null) {
      this.#seenUs = nowUs
      if (!raised) this.#raise(seen, nowUs)
    } else if (raised && nowUs - this.#seenUs >= holdUs) {
      this.#decay(calm, settings.factor, nowUs)
    }
    if (this.state === 'raised') this.factor = settings.factor
    if (this.state !== 'decaying') return
    this.factor = this.#from * 2 ** (-(nowUs - this.#sinceUs) / 1000 / settings.halfLifeMs)
    if (this.factor > 1) return
    this.factor = 1
    this.state = 'calm'
    this.kind = ''
  }

  #raise(kind: AnomalyKind, nowUs: number): void {
    this.state = 'raised'
    this.kind = kind
    this.#sinceUs = nowUs
  }

  #decay(calm: number, factor: number, nowUs: number): void {
    this.state = 'decaying'
    this.kind = ''
    this.#sinceUs = nowUs
    this.#from = Math.min(factor, calm > 0 ? 1 / calm : factor)
    this.#detector.forget()
  }
}
