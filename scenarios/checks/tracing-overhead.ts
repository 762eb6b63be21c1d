// What tracing costs the gateways, in measured processor time, against tracing every request: blocks of one run, by turns.
// Told only when enough rounds agree; a small difference of large numbers needs many.

import { processorRounds, yardstickCosts, yardstickOf } from '../judging/costs.ts'
import type { JudgeContext } from '../judging/context.ts'
import { leastRounds, roundsFor, shareWithInterval, widestHalf, type Round } from '../judging/rounds.ts'
import { formatUnit, mean } from '../judging/statistics.ts'
import { allVariant, offVariant } from '../tracing.ts'
import type { Metric } from './check.ts'

export const tracingOverhead: Metric = {
  measure(context, { variant = '' }) {
    const rounds = processorRounds(context, variant)
    const told = (): string => `${costs(rounds)}; ${yardstick(context, variant)}`
    if (rounds.length === 0) return { kind: 'unknown', why: `no round has undisturbed seconds of ${offVariant}, ${allVariant} and ${variant}` }
    const estimate = shareWithInterval(rounds)
    if (estimate === null) return { kind: 'unknown', why: `over ${rounds.length} rounds tracing everything costs nothing that can be told: ${told()}` }
    const { value, low, high } = estimate
    const interval = `${formatUnit(value, 'share')} of the cost of tracing everything, 95 % interval ${formatUnit(low, 'share')} to ${formatUnit(high, 'share')}, over ${rounds.length} rounds`
    if (rounds.length < leastRounds || high - low > 2 * widestHalf) {
      const needed = Math.max(rounds.length + 1, roundsFor(estimate, rounds.length))
      return { kind: 'unknown', why: `${interval}; ${needed} rounds would tell (--rounds ${needed}); ${told()}` }
    }
    return { kind: 'gauge', value, evidence: [interval, costs(rounds), yardstick(context, variant)] }
  },
}

function costs(rounds: readonly Round[]): string {
  const of = (pick: (round: Round) => number): string => `${Number(mean(rounds.map(pick)).toPrecision(4))} µs`
  return `processor time a request: ${of(({ off }) => off)} without, ${of(({ all }) => all)} with everything traced, ${of(({ subject }) => subject)} here`
}

/** By variant, so that whoever reads it sees that its work did not hang on what was traced. */
function yardstick(context: JudgeContext, variant: string): string {
  const { name } = yardstickOf(context)
  const costsOf = [...yardstickCosts(context)]
  if (costsOf.length === 0) return `not corrected for drift of the machine: this system does not tell what ${name} used`
  const of = (wanted: string): string => `${Number(mean(costsOf.filter(([block]) => block.variant === wanted).map(([, us]) => us)).toPrecision(4))} µs`
  return `corrected for drift of the machine by ${name}, whose work is the same in all variants: ${of(offVariant)}, ${of(allVariant)} and ${of(variant)} a request`
}
