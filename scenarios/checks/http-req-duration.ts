// Response time from the scheduled start, so that a stalled generator or gateway cannot hide its wait. A bound
// in `rtt` is judged on each path apart, because each has its own round trip; the worst path decides.

import type { JudgeContext, Tags } from '../judging/context.ts'
import { pathRttMs } from '../judging/paths.ts'
import { aggregateTrend, holds, judgeSample, unknown, type Finding } from '../judging/sample.ts'
import { formatCount, formatMs, rounded } from '../judging/statistics.ts'
import type { Threshold } from '../thresholds.ts'
import type { BoundMetric } from './check.ts'

/** A percentile over fewer rows of one path says nothing of the path. */
const minPathRows = 20

export const httpReqDuration: BoundMetric = {
  measure(context, tags) {
    const rows = context.select(tags)
    return { kind: 'trend', values: Float64Array.from(rows, context.latencyMs), evidence: [`${formatCount(rows.length)} requests`] }
  },
  judge(context, threshold) {
    if (threshold.bound.rtt === 0) return judgeSample(threshold, this.measure(context, threshold.tags))
    return judgePaths(context, threshold)
  },
}

interface Path { name: string; rttMs: number; rows: number[] }

function judgePaths(context: JudgeContext, threshold: Threshold): Finding {
  const { paths, unserved } = pathsOf(context, threshold.tags)
  const evidence: string[] = unserved === 0 ? [] : [`${formatCount(unserved)} requests that no region served have no path and are left out`]
  const judged: { margin: number; value: number; held: boolean; text: string }[] = []
  for (const { name, rttMs, rows } of paths) {
    const value = aggregateTrend(threshold.aggregate, Float64Array.from(rows, context.latencyMs))
    if (rows.length < minPathRows || value === null) {
      evidence.push(`${name}: only ${rows.length} requests, left out`)
    } else if (Number.isNaN(rttMs)) {
      return unknown(`the topology has no round-trip time for ${name}`)
    } else {
      const bound = threshold.bound.rtt * rttMs + threshold.bound.plus
      judged.push({
        margin: value - bound, value, held: holds(value, threshold.operator, bound),
        text: `${name}: ${formatMs(value)} against ${formatMs(bound)} (rtt ${formatMs(rttMs)}), ${formatCount(rows.length)} requests`,
      })
    }
  }
  if (judged.length === 0) return unknown('no path has enough requests', ...evidence)
  const upper = threshold.operator.startsWith('<')
  judged.sort((a, b) => Number(a.held) - Number(b.held) || (upper ? b.margin - a.margin : a.margin - b.margin))
  return {
    verdict: judged[0].held ? 'pass' : 'fail',
    observed: rounded(judged[0].value),
    evidence: [...judged.map(({ text }, index) => (index === 0 ? `worst path ${text}` : text)), ...evidence],
  }
}

function pathsOf(context: JudgeContext, tags: Tags): { paths: Path[]; unserved: number } {
  const { requests } = context.history
  const paths = new Map<string, Path>()
  let unserved = 0
  for (const row of context.select(tags)) {
    if (requests.region.at(row) === '') {
      unserved++
      continue
    }
    const key = `${requests.group.codes[row]} ${requests.gateway.codes[row]} ${requests.region.codes[row]}`
    let path = paths.get(key)
    if (path === undefined) {
      const [group, gateway, region] = [requests.group.at(row), requests.gateway.at(row), requests.region.at(row)]
      path = { name: `${group} → ${gateway} → ${region}`, rttMs: pathRttMs(context.plan.topology, group, gateway, region), rows: [] }
      paths.set(key, path)
    }
    path.rows.push(row)
  }
  return { paths: [...paths.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), unserved }
}
