// Always judged where a route is locked, whether a threshold asks for it or not: residency is law, not an objective
// that a scenario may forget.

import { rounded } from '../judging/statistics.ts'
import type { Check } from '../verdict.ts'
import type { Rule } from './check.ts'
import { residencyViolations, unknownResidency } from './residency-violations.ts'

export const residency: Rule = {
  name: 'residency',
  group: 'objective',
  evaluate(context) {
    const name = 'residency'
    const group = 'objective'
    if (context.lawful === null) {
      return [{ name, group, verdict: 'inconclusive', objective: 'served only where allowed', observed: null, unit: 'count', evidence: [unknownResidency] }]
    }
    const locked = [...context.lawful].filter(([, { allowed }]) => allowed !== null)
    if (locked.length === 0) return []
    const sample = residencyViolations.measure(context, {})
    const head: Omit<Check, 'verdict' | 'observed' | 'evidence'> = {
      name, group, unit: 'count',
      objective: `served only where allowed: ${locked.map(([route, { allowed }]) => `${route} in ${allowed?.join(', ') || 'no region'}`).join('; ')}`,
    }
    if (sample.kind !== 'counter' || sample.of === 0) {
      const why = sample.kind === 'unknown' ? sample.why : 'no request of a locked route was sent'
      return [{ ...head, verdict: 'inconclusive', observed: null, evidence: [why] }]
    }
    return [{ ...head, verdict: sample.count === 0 ? 'pass' : 'fail', observed: rounded(sample.count), evidence: sample.evidence }]
  },
}
