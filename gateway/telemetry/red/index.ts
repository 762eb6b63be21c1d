// RED metrics of one gateway: every request is counted, whatever becomes of its spans.
//
//   request ─► route-series.ts (a tree to its series) ─► series-set.ts (all of them, bounded) ─► series.ts (counts)
//                                                            drain: a report each second ─► merge.ts at the plane

import { HeavyHitters } from './heavy-hitters.ts'
import { maxRefusedClients } from './merge.ts'
import type { RedMetrics } from './red.ts'
import { RouteSeries } from './route-series.ts'
import { SeriesSet } from './series-set.ts'

export interface RedOptions {
  /** The gateway's monotonic clock; read for exemplars only. */
  nowUs(): number
  /** Series of this gateway, overflow included. OpenTelemetry's default, 2,000 (metrics SDK, "Cardinality limits"). */
  maxSeries?: number
  /** A series that had no request through so many drains is forgotten, as are its totals. */
  maxIdle?: number
}

/** Counters of clients that are refused: whoever causes more than one in so many refusals is found. */
const refusedCapacity = 256

export { reservedLabels } from './series-set.ts'

export function createRedMetrics({ nowUs, maxSeries = 2_000, maxIdle = 600 }: RedOptions): RedMetrics {
  const series = new SeriesSet(maxSeries)
  const refused = new HeavyHitters(refusedCapacity)
  let fromUs = nowUs()
  return {
    route: (route, tenant, protocol, custom) => new RouteSeries(series, { route, tenant, protocol }, custom, nowUs),
    refused: (client) => refused.add(client),
    drain(toUs) {
      const refusedClients = refused.take(maxRefusedClients).map(({ name, count }) => ({ client: name, count }))
      const drained = { fromUs, toUs, series: series.take(maxIdle), refusedClients }
      fromUs = toUs
      return drained
    },
    totals: () => series.totals(),
  }
}
