// A verdict rests on the whole record: the run ended by itself, every phase began, every fault came into force
// and was healed, and nothing of the history is torn or missing.

import { whyUnsupported } from '../../topologies/primitives.ts'
import type { JudgeContext } from '../judging/context.ts'
import { formatCount } from '../judging/statistics.ts'
import { detailsOf, type RunError } from '../run-record.ts'
import type { Rule } from './check.ts'
import { seconds } from './check.ts'

export const historyComplete: Rule = {
  name: 'history-complete',
  group: 'validity',
  evaluate(context) {
    const { run, plan, history, phases, faults } = context
    const interrupted = history.events.filter((event) => event.kind === 'interrupted')
    const problems = [
      ...(run.ended === 'complete' ? [] : [`the run ended as ${run.ended}${run.error === null ? '' : `: ${inFull(run.error)}`}`]),
      ...interrupted.map((event) => `interrupted at ${seconds(event.atUs)}: ${event.reason}`),
      ...plan.phases.filter(({ phase, fromUs, toUs }) => toUs > fromUs && !phases.some((window) => window.phase === phase)).map(({ phase }) => `phase ${phase} never began`),
      ...faults.flatMap(({ fault, askedUs, inForceUs, healAskedUs, healedUs }) => {
        const name = `fault ${fault.name} (${fault.primitive.kind} ${fault.index})`
        if (askedUs === null) {
          const why = whyUnsupported(run.capabilities, fault.primitive)
          return [why === null ? `${name} was never asked for` : `unsupported: ${name} cannot be had on ${run.substrate}: ${why}`]
        }
        if (inForceUs === null) return [`${name} never came into force`]
        return healAskedUs === null || healedUs === null ? [`${name} was never healed`] : []
      }),
      ...history.notes,
      ...unlikeTrace(context),
    ]
    return [{
      name: 'history-complete', group: 'validity', verdict: problems.length === 0 ? 'pass' : 'inconclusive',
      objective: 'the run ended by itself and its record is whole', observed: problems.length, unit: 'problems',
      evidence: problems.length === 0 ? [`${history.events.length} events, ${history.requests.length} requests, ${history.attempts.length} attempts${history.spans.length === 0 ? '' : `, ${history.spans.length} spans`}`] : problems,
    }]
  },
}

function inFull(error: RunError): string {
  const details = detailsOf(error)
  return `${error.code}: ${error.message}${details.length === 0 ? '' : ` (${details.join('; ')})`}`
}

/** A run in virtual time counted what it sent: each of them has to be on record. */
function unlikeTrace({ run: { inventory }, history: { requests } }: JudgeContext): string[] {
  const sent = inventory?.trace?.requests ?? requests.length
  return sent === requests.length ? [] : [`${formatCount(requests.length)} requests are on record, ${formatCount(sent)} were sent`]
}
