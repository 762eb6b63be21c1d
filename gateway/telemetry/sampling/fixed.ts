// Samplers whose calm rate only configuration moves. They learn what a trace costs, for reports.

import type { RouteSampling } from '../../snapshot/snapshot.ts'
import { At, type Sampler } from './rate.ts'

/** Spans a trace are averaged over this. */
const windowS = 15

export function fixed(probabilityOf: (sampler: RouteSampling['sampler']) => number): Sampler {
  return {
    start: (_, group) => probabilityOf(group.sampler),
    plan(group, seconds) {
      const calm = probabilityOf(group.sampler)
      const fading = Math.exp(-seconds / windowS)
      for (const row of group.rows) {
        row[At.Spans] = row[At.Spans] * fading + row[At.QuarterSpans]
        row[At.Traces] = row[At.Traces] * fading + row[At.QuarterTraced]
        row[At.Calm] = calm
      }
    },
  }
}
