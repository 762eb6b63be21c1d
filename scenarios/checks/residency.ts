// Always judged where a route is locked, whether a threshold asks for it or not: residency is law, not an objective
// that a scenario may forget.

import { rounded } from '../judging/statistics.ts'
import type { Rule } from './check.ts'
import { residencyViolations } from './residency-violations.ts'

export const residency: Rule = {
  name: 'residency',
  group: 'objective',
  evaluate(context) {
    const locked = Object.entries(context.plan.residency ?? {}).filter(([, regions]) => regions !== null)
    if (locked.length === 0) return []
    const sample = residencyViolations.measure(context, {})
    const head = {
      name: 'residency', group: 'objective' as const, unit: 'count',
      objective: `served only where allowed: ${locked.map(([route, regions]) => `${route} in ${(regions as string[]).join(', ') || 'no region'}`).join('; ')}`,
    }
    if (sample.kind !== 'counter' || sample.of === 0) {
      const why = sample.kind === 'unknown' ? sample.why : 'no request of a locked route was sent'
      return [{ ...head, verdict: 'inconclusive', observed: null, evidence: [why] }]
    }
    return [{ ...head, verdict: sample.count === 0 ? 'pass' : 'fail', observed: rounded(sample.count), evidence: sample.evidence }]
  },
}
