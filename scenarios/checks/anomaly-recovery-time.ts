// How soon rates are back when all is well again: from the healing to the baseline of the last one that was raised.

import { anomaliesOf } from '../judging/anomalies.ts'
import { formatMs } from '../judging/statistics.ts'
import type { Metric } from './check.ts'

export const anomalyRecoveryTime: Metric = {
  measure(context) {
    const anomalies = anomaliesOf(context).filter(({ raised }) => raised > 0)
    if (anomalies.length === 0) return { kind: 'unknown', why: 'no rate was raised because of a fault' }
    const unhealed = anomalies.find(({ healedUs }) => healedUs === null)
    if (unhealed !== undefined) return { kind: 'unknown', why: `the healing of ${unhealed.fault} is not on record` }
    const spans = anomalies.map(({ backUs, healedUs, toldUntilUs }) => {
      const after = (us: number): number => Math.max(0, (us - healedUs!) / 1000)
      return backUs === null ? { low: after(toldUntilUs), high: Infinity } : { low: after(backUs), high: after(backUs) }
    })
    return {
      kind: 'trend', values: Float64Array.from(spans, ({ high }) => high),
      low: Float64Array.from(spans, ({ low }) => low), high: Float64Array.from(spans, ({ high }) => high),
      evidence: anomalies.map(({ fault, raised }, index) => {
        const { low, high } = spans[index]
        return `${fault}: ${raised} rates ${high === Infinity ? `not all back ${formatMs(low)} after the healing, when their policy's time was over` : `back ${formatMs(high)} after the healing`}`
      }),
    }
  },
}
