// Octets of spans a request, against tracing every request: all that counts of the blocks, faults and what they promote included.

import { bytesRounds, exportedBytes as bytesOf } from '../judging/costs.ts'
import { shareWithInterval } from '../judging/rounds.ts'
import { formatUnit, mean } from '../judging/statistics.ts'
import { allVariant } from '../tracing.ts'
import type { Metric } from './check.ts'

export const exportedBytes: Metric = {
  measure(context, { variant = '' }) {
    const blocks = bytesOf(context)
    if (blocks === null) return { kind: 'unknown', why: 'nobody tells how many octets of spans were exported' }
    const rounds = bytesRounds(blocks, variant)
    if (rounds.length === 0) return { kind: 'unknown', why: `no round has octets of ${allVariant} and ${variant}` }
    const estimate = shareWithInterval(rounds)
    if (estimate === null) return { kind: 'unknown', why: `nothing was exported while everything was traced` }
    const each = (values: number[]): string => `${Number(mean(values).toPrecision(4))} B`
    return {
      kind: 'gauge', value: estimate.value,
      evidence: [
        `95 % interval ${formatUnit(estimate.low, 'share')} to ${formatUnit(estimate.high, 'share')}, over ${rounds.length} rounds`,
        `a request: ${each(rounds.map(({ subject }) => subject))} against ${each(rounds.map(({ all }) => all))}`,
      ],
    }
  },
}
