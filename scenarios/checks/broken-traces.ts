// Kept traces are whole: each span's parent is there, and each far gateway that answered. What a fault took is counted apart.

import { formatCount } from '../judging/statistics.ts'
import { counted } from '../judging/sampling.ts'
import { endUs, gapsOf, tracesOf } from '../judging/traces.ts'
import type { JudgeContext } from '../judging/context.ts'
import type { Metric } from './check.ts'

export interface Brokenness { traces: number; broken: { traceId: string; text: string }[]; lostToFault: number }

/** Null when no span is on record. With blocks only traces that lie within what counts of one: while a change spreads, gateways disagree. */
export function findBroken(context: JudgeContext, variant?: string): Brokenness | null {
  const traces = tracesOf(context)
  if (traces === null) return null
  const found: Brokenness = { traces: 0, broken: [], lostToFault: 0 }
  for (const traceId of traces.ids) {
    const spans = traces.of(traceId)
    if (!counted(context, Math.min(...spans.map(({ startUs }) => startUs)), Math.max(...spans.map(endUs)), variant)) continue
    found.traces++
    const gaps = gapsOf(context, spans)
    const broken = gaps.find(({ lostTo }) => lostTo === null)
    if (broken !== undefined) found.broken.push({ traceId, text: broken.text })
    else if (gaps.length > 0) found.lostToFault++
  }
  return found
}

export const brokenTraces: Metric = {
  measure(context, tags) {
    const found = findBroken(context, tags.variant)
    if (found === null) return { kind: 'unknown', why: 'no span is on record' }
    const { traces, broken, lostToFault } = found
    return {
      kind: 'counter', count: broken.length, of: traces, seconds: context.seconds(tags),
      evidence: [
        `${formatCount(traces)} traces, ${formatCount(lostToFault)} less than whole because a fault took a part (lost_to_fault)`,
        ...broken.slice(0, 5).map(({ traceId, text }) => `${traceId}: ${text}`),
        ...(broken.length > 5 ? [`and ${formatCount(broken.length - 5)} more`] : []),
      ],
    }
  },
}
