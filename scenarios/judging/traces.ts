// Spans of the run as traces, and as what was told of each request; and the ways in which a trace can be less than whole. A
// gap that a fault explains, because it took a process or the way to one, is told apart from one that nothing explains.

import type { SpanRow } from '../../topologies/history.ts'
import type { Spans } from '../../topologies/history/table.ts'
import { clientTrace } from '../../topologies/client-trace.ts'
import type { Primitive, PrimitiveKind } from '../../topologies/primitives.ts'
import type { JudgeContext } from './context.ts'
import { explains, isGateway, placeOfSource } from './places.ts'

export interface Traces {
  readonly spans: number
  /** In the order of the table. */
  readonly ids: string[]
  of(traceId: string): SpanRow[]
  /** Every span that names the request, whichever trace it is of. */
  ofRequest(requestId: string): SpanRow[]
}

const known = new WeakMap<JudgeContext, Traces>()

/** Null when no span is on record. */
export function tracesOf(context: JudgeContext): Traces | null {
  const { spans } = context.history
  if (spans.length === 0) return null
  const made = known.get(context) ?? index(spans)
  known.set(context, made)
  return made
}

function index(spans: Spans): Traces {
  const byTrace = new Map<string, number[]>()
  const byRequest = new Map<string, number[]>()
  const add = (map: Map<string, number[]>, key: string, row: number): void => {
    const rows = map.get(key)
    if (rows === undefined) map.set(key, [row])
    else rows.push(row)
  }
  for (let row = 0; row < spans.length; row++) {
    add(byTrace, spans.traceId.at(row), row)
    const requestId = spans.requestId.at(row)
    if (requestId !== '') add(byRequest, requestId, row)
  }
  const rowsOf = (map: Map<string, number[]>, key: string): SpanRow[] => (map.get(key) ?? []).map((row) => spans.row(row))
  return { spans: spans.length, ids: [...byTrace.keys()], of: (id) => rowsOf(byTrace, id), ofRequest: (id) => rowsOf(byRequest, id) }
}

/** Something that ought to be in a trace and is not. */
export interface Gap {
  text: string
  /** Why nobody can be blamed for it: the fault that took it; null = broken. */
  lostTo: string | null
}

/** The server span where the request entered, of those that name it: its gateway's, and not below another gateway's. */
export function entrySpan(spans: readonly SpanRow[]): SpanRow | null {
  const gateways = new Set(spans.filter(({ process }) => isGateway(process)).map(({ spanId }) => spanId))
  return spans.find(({ kind, process, parentSpanId }) => kind === 'server' && isGateway(process) && !gateways.has(parentSpanId)) ?? null
}

/** The region whose gateway a client span's link leads to; '' when it stays at home. */
export function linkOf({ target }: SpanRow): string {
  return /^link:([^:]+)/.exec(target)?.[1] ?? ''
}

export function endUs({ startUs, durationUs }: SpanRow): number {
  return startUs + durationUs
}

/** What one kept trace lacks: parents that nobody told of, and far gateways that answered and told nothing. */
export function gapsOf(context: JudgeContext, spans: readonly SpanRow[]): Gap[] {
  const ids = new Set(spans.map(({ spanId }) => spanId))
  const parents = new Set(spans.filter(({ kind }) => kind === 'server').map(({ parentSpanId }) => parentSpanId))
  const clients = new Set(spans.map(({ requestId }) => requestId).filter((id) => id !== '').map((id) => clientTrace(id).spanId))
  const [fromUs, toUs] = [Math.min(...spans.map(({ startUs }) => startUs)), Math.max(...spans.map(endUs))]
  return spans.flatMap((span): Gap[] => {
    const { parentSpanId, process, kind, status } = span
    if (parentSpanId !== '' && !ids.has(parentSpanId) && !clients.has(parentSpanId)) {
      const regions = context.plan.topology.regions.map(({ name }) => lostTo(context, fromUs, toUs, process, name))
      return [{ text: `the parent of a span of ${process} is missing`, lostTo: regions.find((fault) => fault !== null) ?? null }]
    }
    const region = linkOf(span)
    if (kind !== 'client' || region === '' || status === 0 || parents.has(span.spanId)) return []
    return [{ text: `${process} was answered by gateway/${region}, which tells nothing of it`, lostTo: lostTo(context, fromUs, toUs, process, region) }]
  })
}

/** Those that take spans: of these only the ones that end a process, or the collector, also take what was recorded before. */
const ending: ReadonlySet<PrimitiveKind> = new Set(['stop', 'kill', 'evict', 'collector'])
const taking: ReadonlySet<PrimitiveKind> = new Set(['cut', 'isolate', 'pause', ...ending])
/** What has not been exported yet then is lost with it: gateways gather spans for five seconds. */
const unexportedUs = 7_000_000
/** After a way is open again, what waits on it needs so long. */
const reopenedUs = 1_000_000

/**
 * The fault that explains why spans of a request between `fromUs` and `toUs` are missing: it cut the way between this process
 * and `region`, or took what serves there; without a region, it took the process itself; or nobody collected. Null = none does.
 */
export function lostTo(context: JudgeContext, fromUs: number, toUs: number, process: string, region?: string): string | null {
  const place = placeOfSource(process)
  const found = context.faults.find(({ fault: { primitive }, askedUs, healedUs }) => {
    if (askedUs === null || !taking.has(primitive.kind)) return false
    if (toUs < askedUs - (ending.has(primitive.kind) ? unexportedUs : 0) || fromUs > (healedUs ?? Infinity) + reopenedUs) return false
    if (primitive.kind === 'collector') return true
    return region === undefined ? takes(primitive, process) : explains(primitive, place, region)
  })
  return found?.fault.name ?? null
}

/** Processes are called PART/REGION. */
function takes(primitive: Primitive, process: string): boolean {
  const [part, region] = process.split('/', 2)
  if (part === 'edge') return false
  if ('regions' in primitive) return primitive.regions.includes(region)
  return 'at' in primitive && primitive.at.some((at) => at.region === region && 'parts' in at && (at.parts as readonly string[]).includes(part))
}
