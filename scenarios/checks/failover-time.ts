// failover_time as a metric: one value an affected group, with the bounds that resolution and paths without a
// normal latency leave. A group that had not recovered before the healing counts as never.

import { measureFailover, type GroupFailover } from '../judging/failover.ts'
import { formatMs } from '../judging/statistics.ts'
import type { Metric } from './check.ts'

export const failoverTime: Metric = {
  measure(context, { group }) {
    const result = measureFailover(context)
    if ('unknown' in result) return { kind: 'unknown', why: result.unknown }
    const groups = result.groups.filter((one) => group === undefined || one.group === group)
    if (groups.length === 0) return { kind: 'unknown', why: `group ${group} is not affected by the fault` }
    return {
      kind: 'trend',
      values: Float64Array.from(groups, ({ valueMs }) => valueMs.high),
      low: Float64Array.from(groups, ({ notRecovered, belowResolution, valueMs }) => notRecovered.low ? Infinity : belowResolution ? 0 : valueMs.low),
      high: Float64Array.from(groups, ({ notRecovered, valueMs }) => (notRecovered.high ? Infinity : valueMs.high)),
      evidence: [
        ...groups.map(describe),
        `zero is known to ${formatMs(result.measurement.zeroUncertaintyMs)}`,
      ],
    }
  },
}

function describe(group: GroupFailover): string {
  const value = group.notRecovered.high ? 'not recovered before the healing'
    : group.belowResolution ? `< ${formatMs(group.resolutionMs)}` : `${formatMs(group.valueMs.high)} ± ${formatMs(group.resolutionMs)}`
  const unjudged = group.unjudged === 0 ? '' : `, ${group.unjudged} on a path without a normal latency`
  return `${group.group}: ${value}; ${group.probes} probes every ${formatMs(group.intervalMs)}, ${group.failed} failed, ${group.slow} slow${unjudged}`
}
