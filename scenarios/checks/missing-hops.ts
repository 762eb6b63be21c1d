// Whole from end to end: each request that was sampled at its head has a span of every hop that answered, from the client
// through the gateways to the service, in one trace; across retries and hedges. The first hop that is not in it is named.

import type { SpanRow } from '../../topologies/history.ts'
import { clientTrace } from '../../topologies/client-trace.ts'
import type { JudgeContext } from '../judging/context.ts'
import { processOf } from '../judging/places.ts'
import { formatCount } from '../judging/statistics.ts'
import { counted } from '../judging/sampling.ts'
import { entrySpan, linkOf, lostTo, tracesOf } from '../judging/traces.ts'
import { seconds, type Metric } from './check.ts'

interface Missing { hop: string; lost: boolean }

export const missingHops: Metric = {
  measure(context, tags) {
    const traces = tracesOf(context)
    if (traces === null) return { kind: 'unknown', why: 'no span is on record' }
    const { requests } = context.history
    const traced = tracedSources(context)
    const process = processOf(context)
    const services = context.plan.scenario.tracing?.services === true
    const byHop = new Map<string, { count: number; example: string }>()
    let [looked, lost, missing] = [0, 0, 0]
    for (const row of context.select(tags)) {
      const [fromUs, toUs] = [requests.startUs[row], requests.startUs[row] + requests.durationUs[row]]
      if (requests.sampled[row] !== 1 || !counted(context, fromUs, toUs, tags.variant)) continue
      looked++
      const id = requests.id.at(row)
      const expected = traced.has(requests.source.at(row)) ? clientTrace(id).traceId : null
      const found = missingIn(context, traces.ofRequest(id), { entry: process(requests.gateway.at(row)), expected, services, fromUs, toUs })
      if (found === null) continue
      if (found.lost) {
        lost++
        continue
      }
      missing++
      const known = byHop.get(found.hop)
      if (known === undefined) byHop.set(found.hop, { count: 1, example: `${id} at ${seconds(fromUs)}` })
      else known.count++
    }
    return {
      kind: 'counter', count: missing, of: looked, seconds: context.seconds(tags),
      evidence: [
        `${formatCount(looked)} sampled requests, ${formatCount(lost)} with a hop lost to a fault`,
        ...[...byHop].sort(([, a], [, b]) => b.count - a.count).slice(0, 5).map(([hop, { count, example }]) => `${hop}: ${formatCount(count)} requests, first ${example}`),
      ],
    }
  },
}

/** Sources whose clients begin their traces. */
function tracedSources({ plan }: JudgeContext): Set<string> {
  return new Set(plan.loads.filter(({ streams }) => streams.some(({ traced }) => traced === true)).map(({ source }) => source))
}

interface Way { entry: string; expected: string | null; services: boolean; fromUs: number; toUs: number }

/** The first hop that is not in the trace; null when it is whole. */
function missingIn(context: JudgeContext, spans: readonly SpanRow[], way: Way): Missing | null {
  const { entry, expected, services, fromUs, toUs } = way
  const lost = (process: string, region?: string): boolean => lostTo(context, fromUs, toUs, process, region) !== null
  const first = entrySpan(spans.filter(({ process }) => process === entry))
  if (first === null) return { hop: `${entry} tells nothing of it`, lost: lost(entry) }
  if (expected !== null && first.traceId !== expected) return { hop: `${entry} began a trace of its own`, lost: false }
  const inTrace = spans.filter(({ traceId }) => traceId === first.traceId)
  for (const span of inTrace) {
    if (span.kind !== 'client' || span.status === 0) continue
    const region = linkOf(span)
    if (region === '' && !services) continue
    const next = region === '' ? `services/${span.region}` : `gateway/${region}`
    if (inTrace.some(({ kind, process, parentSpanId }) => kind === 'server' && process === next && parentSpanId === span.spanId)) continue
    const name = region === '' ? `${next} ${span.service}` : next
    const own = spans.some(({ kind, process, parentSpanId }) => kind === 'server' && process === next && parentSpanId === '')
    return { hop: `${name} ${own ? 'began a trace of its own' : 'is not in the trace'}`, lost: !own && (lost(span.process, span.region) || lost(next)) }
  }
  return null
}
