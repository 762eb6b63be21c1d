// Response time from the scheduled start, so that a stalled generator or gateway cannot hide its wait. A bound
// in `rtt` is judged on each path apart, because each has its own round trip; the worst path decides.

import type { JudgeContext, Tags } from '../judging/context.ts'
import { pathRttMs } from '../judging/paths.ts'
import { aggregateTrend, holds, judgeSample, unknown, type Finding } from '../judging/sample.ts'
import { valuesOf } from '../judging/rows.ts'
import { formatCount, formatMs, rounded } from '../judging/statistics.ts'
import type { Threshold } from '../thresholds.ts'
import type { BoundMetric } from './check.ts'

/** A percentile over fewer rows of one path says nothing of the path. */
const minPathRows = 20

export const httpReqDuration: BoundMetric = {
  measure(context, tags) {
    const rows = context.select(tags)
    return { kind: 'trend', values: valuesOf(rows, context.latencyMs), evidence: [`${formatCount(rows.length)} requests`] }
  },
  judge(context, threshold) {
    if (threshold.bound.rtt === 0) return judgeSample(threshold, this.measure(context, threshold.tags))
    return judgePaths(context, threshold)
  },
}

interface Path { name: string; rttMs: number; rows: Int32Array }

function judgePaths(context: JudgeContext, threshold: Threshold): Finding {
  const { paths, unserved } = pathsOf(context, threshold.tags)
  const evidence: string[] = unserved === 0 ? [] : [`${formatCount(unserved)} requests that no region served have no path and are left out`]
  const judged: { margin: number; value: number; held: boolean; text: string }[] = []
  for (const { name, rttMs, rows } of paths) {
    const value = aggregateTrend(threshold.aggregate, valuesOf(rows, context.latencyMs))
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
  const { group, gateway, region } = context.history.requests
  const nowhere = region.codeOf('')
  const rows = context.select(tags)
  const keyOf = (row: number): number => (group.codes[row] * gateway.values.length + gateway.codes[row]) * region.values.length + region.codes[row]
  const counts = new Uint32Array(group.values.length * gateway.values.length * region.values.length)
  for (let i = 0; i < rows.length; i++) counts[keyOf(rows[i])]++
  const paths = new Map<number, Path & { filled: number }>()
  let unserved = 0
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]
    if (region.codes[row] === nowhere) {
      unserved++
      continue
    }
    const key = keyOf(row)
    let path = paths.get(key)
    if (path === undefined) {
      path = { ...pathOf(context, group.at(row), gateway.at(row), region.at(row)), rows: new Int32Array(counts[key]), filled: 0 }
      paths.set(key, path)
    }
    path.rows[path.filled++] = row
  }
  return { paths: [...paths.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), unserved }
}

function pathOf({ plan }: JudgeContext, group: string, gateway: string, region: string): Omit<Path, 'rows'> {
  return { name: `${group} → ${gateway} → ${region}`, rttMs: pathRttMs(plan.topology, group, gateway, region) }
}
