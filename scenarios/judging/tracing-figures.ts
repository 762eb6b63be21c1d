// The figures of tracing for reports: what each variant cost, what was kept and why, one request that failed over, and the
// rates. No threshold reads them; each check that does has its own file.

import type { SpanRow } from '../../topologies/history.ts'
import { findBroken } from '../checks/broken-traces.ts'
import { ratesShown, type Interval, type TraceExample, type TracingFigures, type VariantTracing } from '../verdict.ts'
import type { JudgeContext } from './context.ts'
import { bytesRounds, exportedBytes, processorCosts, processorRounds } from './costs.ts'
import { isGateway } from './places.ts'
import { shareWithInterval, type Round } from './rounds.ts'
import { counted } from './sampling.ts'
import { mean, rounded } from './statistics.ts'
import { endUs, entrySpan, tracesOf, type Traces } from './traces.ts'

/** Null when the run was not traced. */
export function tracingFigures(context: JudgeContext): TracingFigures | null {
  const { plan, history } = context
  if (plan.scenario.tracing === undefined) return null
  const traces = tracesOf(context)
  const rates = history.events.filter((event) => event.kind === 'sampling-rate')
  const names = plan.blocks === undefined ? [undefined] : [...new Set(plan.blocks.map(({ variant }) => variant))]
  return {
    variants: names.map((variant) => variantTracing(context, traces, variant)),
    example: traces === null ? null : exampleOf(context, traces),
    rates: rates.slice(0, ratesShown).map(({ atUs, source, key, probability, cause, anomaly }) =>
      ({ atUs, gateway: source, route: key.route, protocol: key.protocol, probability: rounded(probability), cause, anomaly })),
    ratesLeftOut: Math.max(0, rates.length - ratesShown),
  }
}

function variantTracing(context: JudgeContext, traces: Traces | null, variant: string | undefined): VariantTracing {
  const name = variant ?? ''
  const cpu = variant === undefined ? [] : processorRounds(context, variant)
  const own = processorCosts(context).filter(({ block, requests }) => block.variant === variant && requests > 0)
  const blocks = exportedBytes(context) ?? []
  const octets = variant === undefined ? [] : bytesRounds(blocks, variant)
  const sent = blocks.filter(({ block, requests }) => block.variant === variant && requests > 0)
  const broken = findBroken(context, variant)
  return {
    variant: name, requests: context.select(variant === undefined ? {} : { variant }).length, rounds: cpu.length,
    cpuUsPerRequest: meanOf(own.map(({ cpuUs, requests }) => cpuUs / requests)), overhead: intervalOf(cpu),
    bytesPerRequest: meanOf(sent.map(({ bytes, requests }) => bytes / requests)), bytes: intervalOf(octets),
    ...keptOf(context, traces, variant), brokenTraces: broken?.broken.length ?? 0, lostToFault: broken?.lostToFault ?? 0,
  }
}

function meanOf(values: number[]): number | null {
  return values.length === 0 ? null : rounded(mean(values))
}

function intervalOf(rounds: readonly Round[]): Interval | null {
  const estimate = shareWithInterval(rounds)
  return estimate === null ? null : { value: rounded(estimate.value), low: rounded(estimate.low), high: rounded(estimate.high) }
}

function keptOf(context: JudgeContext, traces: Traces | null, variant: string | undefined): Pick<VariantTracing, 'traces' | 'spans' | 'kept'> {
  const kept: Record<string, number> = {}
  let [count, spanCount] = [0, 0]
  for (const id of traces?.ids ?? []) {
    const spans = traces!.of(id)
    if (!counted(context, Math.min(...spans.map(({ startUs }) => startUs)), Math.max(...spans.map(endUs)), variant)) continue
    count++
    spanCount += spans.length
    const why = (entrySpan(spans) ?? spans[0]).kept || 'unsaid'
    kept[why] = (kept[why] ?? 0) + 1
  }
  return { traces: count, spans: spanCount, kept: Object.fromEntries(Object.entries(kept).sort(([a], [b]) => (a < b ? -1 : 1))) }
}

/**
 * A trace in which the entry gateway asked more than one region and got an answer: of the first few, those that began during a
 * fault before others, then the one with most spans.
 */
function exampleOf({ faults }: JudgeContext, traces: Traces): TraceExample | null {
  const during = (atUs: number): boolean => faults.some(({ askedUs, healedUs }) => askedUs !== null && atUs >= askedUs && atUs < (healedUs ?? Infinity))
  const candidates: SpanRow[][] = []
  const others: SpanRow[][] = []
  for (const id of traces.ids) {
    const spans = traces.of(id)
    const entry = entrySpan(spans)
    if (entry === null || entry.status === 0 || entry.status >= 500) continue
    const tries = spans.filter(({ kind, process, parentSpanId }) => kind === 'client' && isGateway(process) && parentSpanId === entry.spanId)
    if (new Set(tries.map(({ region }) => region)).size > 1) (during(entry.startUs) ? candidates : others).push(spans)
    if (candidates.length >= 20) break
  }
  if (candidates.length + others.length === 0) return null
  const best = (candidates.length > 0 ? candidates : others).reduce((found, spans) => (spans.length > found.length ? spans : found)).toSorted((a, b) => a.startUs - b.startUs)
  return {
    requestId: entrySpan(best)?.requestId ?? '', traceId: best[0].traceId,
    spans: best.map(({ spanId, parentSpanId, process, kind, name, startUs, durationUs, status, outcome, target, attempt, kept }) =>
      ({ spanId, parentSpanId, process, kind, name, startUs: rounded(startUs - best[0].startUs), durationUs, status, outcome, target, attempt, kept })),
  }
}
