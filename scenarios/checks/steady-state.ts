// The steady-state hypothesis, before the fault and after it. A system that was not steady before proves nothing
// by what it does in the fault; one that does not become steady again has failed.

import type { JudgeContext } from '../judging/context.ts'
import { judgeThreshold } from '../judging/threshold-check.ts'
import { parseThresholds } from '../thresholds.ts'
import type { Check } from '../verdict.ts'
import type { Rule } from './check.ts'

/** Where a scenario states no hypothesis, or none that can be measured where it ran. */
const defaultHypothesis = { http_req_failed: ['rate<0.01'] }

export const steadyState: Rule = {
  name: 'steady-state',
  group: 'steady-state',
  evaluate(context) {
    const { plan, run } = context
    const place = { file: plan.scenario.name, path: 'spec.steadyState' }
    const stated = parseThresholds(plan.scenario.steadyState, place)
    const measured = stated.some(({ metric }) => run.unmeasured?.[metric] === undefined)
    const hypothesis = measured ? stated : [...stated, ...parseThresholds(defaultHypothesis, place)]
    const judge = (phase: 'steady' | 'recovered', when: string): Check[] => hypothesis.map((threshold) => {
      const check = judgeThreshold(context, { ...threshold, tags: { ...threshold.tags, phase } }, 'steady-state')
      return { ...check, name: `steady-state ${when}: ${threshold.name}` }
    })
    const before = judge('steady', 'before').map(heldOrInconclusive)
    return expectsRecovery(context) ? [...before, ...judge('recovered', 'after')] : before
  },
}

function expectsRecovery({ plan }: JudgeContext): boolean {
  return plan.faults.length > 0 || plan.phases.some(({ phase, fromUs, toUs }) => phase === 'recovered' && toUs > fromUs)
}

function heldOrInconclusive(check: Check): Check {
  if (check.verdict !== 'fail') return check
  return { ...check, verdict: 'inconclusive', evidence: ['the system was not steady before the fault', ...check.evidence] }
}
