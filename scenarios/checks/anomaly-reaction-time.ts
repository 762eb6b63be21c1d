// How soon a rate rises when something goes wrong: from the fault asked for to the first rate that any gateway raised.

import { anomaliesOf } from '../judging/anomalies.ts'
import { formatMs } from '../judging/statistics.ts'
import type { Metric } from './check.ts'

export const anomalyReactionTime: Metric = {
  measure(context) {
    const anomalies = anomaliesOf(context)
    if (anomalies.length === 0) return { kind: 'unknown', why: 'no fault began while a policy that raises rates at anomalies was in force, or no gateway told of tracing' }
    const afterMs = anomalies.map(({ zeroUs, raisedUs }) => (raisedUs === null ? Infinity : (raisedUs - zeroUs) / 1000))
    return {
      kind: 'trend', values: Float64Array.from(afterMs),
      evidence: anomalies.map(({ fault, raised }, index) => `${fault}: ${raised === 0 ? 'no rate was raised' : `first of ${raised} rates after ${formatMs(afterMs[index])}`}`),
    }
  },
}
