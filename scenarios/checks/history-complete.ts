// A verdict rests on the whole record: the run ended by itself, every phase began, every fault came into force
// and was healed, and nothing of the history is torn or missing.

import type { Rule } from './check.ts'
import { seconds } from './check.ts'

export const historyComplete: Rule = {
  name: 'history-complete',
  group: 'validity',
  evaluate({ run, plan, history, phases, faults }) {
    const interrupted = history.events.filter((event) => event.kind === 'interrupted')
    const problems = [
      ...(run.ended === 'complete' ? [] : [`the run ended as ${run.ended}${run.error === null ? '' : `: ${run.error.code}: ${run.error.message}`}`]),
      ...interrupted.map((event) => `interrupted at ${seconds(event.atUs)}: ${event.reason}`),
      ...plan.phases.filter(({ phase, fromUs, toUs }) => toUs > fromUs && !phases.some((window) => window.phase === phase)).map(({ phase }) => `phase ${phase} never began`),
      ...faults.flatMap(({ fault, askedUs, inForceUs, healAskedUs, healedUs }) => {
        const name = `fault ${fault.name} (${fault.primitive.kind} ${fault.index})`
        if (askedUs === null) return [`${name} was never asked for`]
        if (inForceUs === null) return [`${name} never came into force`]
        return healAskedUs === null || healedUs === null ? [`${name} was never healed`] : []
      }),
      ...history.notes,
    ]
    return [{
      name: 'history-complete', group: 'validity', verdict: problems.length === 0 ? 'pass' : 'inconclusive',
      objective: 'the run ended by itself and its record is whole', observed: problems.length, unit: 'problems',
      evidence: problems.length === 0 ? [`${history.events.length} events, ${history.requests.length} requests, ${history.attempts.length} attempts`] : problems,
    }]
  },
}
