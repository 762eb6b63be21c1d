// One threshold → one check of the verdict document.

import { measures } from '../checks/measures.ts'
import { metricDefinitions } from '../checks/metrics.ts'
import type { Threshold } from '../thresholds.ts'
import type { Check } from '../verdict.ts'
import type { JudgeContext } from './context.ts'
import { judgeSample, objectiveOf, unknown, type Finding } from './sample.ts'

export function judgeThreshold(context: JudgeContext, threshold: Threshold, group: Check['group']): Check {
  const { unit } = metricDefinitions[threshold.metric]
  const { kind } = threshold.aggregate
  const { verdict, observed, evidence } = find(context, threshold)
  return {
    name: threshold.name, group, verdict, objective: objectiveOf(threshold), observed,
    unit: kind === 'count' ? 'count' : kind === 'rate' && unit === 'count' ? 'per second' : unit,
    evidence,
  }
}

function find(context: JudgeContext, threshold: Threshold): Finding {
  const unmeasured = context.run.unmeasured?.[threshold.metric]
  if (unmeasured !== undefined) {
    return { verdict: 'unsupported', observed: null, evidence: [`${context.run.substrate} cannot measure ${threshold.metric}: ${unmeasured}`] }
  }
  const metric = measures[threshold.metric]
  try {
    return 'judge' in metric ? metric.judge(context, threshold) : judgeSample(threshold, metric.measure(context, threshold.tags))
  } catch (error) {
    return unknown(`judging it failed: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`)
  }
}
