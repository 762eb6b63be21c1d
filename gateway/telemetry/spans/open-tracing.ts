// Tracing of one gateway: decides at the head of each trace, or believes the gateway that did, and turns what is due.

import type { GatewayEvent, Random } from '../../ports.ts'
import { extract, newTraceId, randomnessOf, traceIdRandomness, TraceFlag, withThreshold, type Extracted, type TraceContext } from '../context/index.ts'
import type { ExportCounts, SpanExporter } from '../export/exporter.ts'
import { isKept, thresholdText, type SamplingCore } from '../sampling/index.ts'
import { defaultWaitUs } from './batches.ts'
import { Recorder } from './recorder.ts'
import { OpenRequestTrace, type Head } from './request-trace.ts'
import type { BeginningRequest, TracedRoute, Tracing, TracingCounts } from './tracing.ts'

export const defaultRingBytes = 8 * 1024 * 1024

export interface TracingOptions {
  sampling: SamplingCore
  /** null = nowhere: spans are counted only. */
  exporter: SpanExporter | null
  random: Random
  /** `defaultRingBytes` when left out. */
  ringBytes?: number
  /** How long kept spans are gathered at most; `defaultWaitUs` when left out. */
  batchWaitUs?: number
  /** `tracing` each second of a gateway that traces, and each `sampling-rate`. */
  tell(event: GatewayEvent): void
}

const tellUs = 1_000_000
const fromPeers = { acceptB3: false }
const fromClients = { acceptB3: true }

/** Throws RangeError when the ring is too small to hold a few spans (`minRingBytes` of ring.ts). */
export function createTracing({ sampling, exporter, random, ringBytes = defaultRingBytes, batchWaitUs = defaultWaitUs, tell }: TracingOptions): Tracing {
  const exports = exporter ?? countingExporter()
  const recorder = new Recorder(random, sampling, exports, new ArrayBuffer(ringBytes), batchWaitUs)
  let traced = 0
  let toldUs = Number.NEGATIVE_INFINITY
  const counts = (): TracingCounts => {
    // What it pushes out of the ring counts too.
    recorder.write()
    return {
      ...recorder.counts, promoted: { ...recorder.counts.promoted }, kept: recorder.batches.handed, overwritten: recorder.ring.overwritten,
      lostToRing: recorder.lostToRing, ringBytes,
    }
  }
  return {
    route: (route, protocol, settings) => ({
      sampling: settings, key: sampling.key({ tenant: settings.tenant, route, protocol }, settings),
      routeName: recorder.names.numberOf(route), protocolName: recorder.names.numberOf(protocol),
    }),
    keep(routes) {
      const keys = new Set(Array.from(routes, ({ key }) => key))
      traced = keys.size
      sampling.keep(keys)
      recorder.batches.hurry()
    },
    begin: (request, route) => begin(recorder, request, route),
    promote(traces, nowUs) {
      for (const { traceId, reason } of traces) recorder.promote(traceId, reason, 0, nowUs)
    },
    takeSampledSpans() {
      const taken = recorder.sampledSpans
      recorder.sampledSpans = new Map()
      return taken
    },
    untold(count) {
      recorder.counts.untold += count
    },
    tick(nowUs) {
      sampling.tick(nowUs)
      for (const change of sampling.changes) tell({ atUs: nowUs, kind: 'sampling-rate', ...change })
      recorder.tick(nowUs)
      if (nowUs - toldUs < tellUs || (traced === 0 && recorder.counts.requests === 0)) return
      toldUs = nowUs
      tell({ atUs: nowUs, kind: 'tracing', counts: counts(), exported: { ...exports.counts } })
    },
    get counts() { return counts() },
    exported: exports.counts,
    async close(timeoutMs) {
      recorder.batches.flush()
      await exports.close(timeoutMs)
    },
  }
}

function begin(recorder: Recorder, request: BeginningRequest, route: TracedRoute): OpenRequestTrace {
  const { counts } = recorder
  const found = extract(request.fields, request.fromPeer ? fromPeers : fromClients)
  const head = request.fromPeer && found.context !== null ? believed(found, found.context) : decided(recorder, found, route, request.startUs)
  counts.requests++
  if (head.kept !== null) counts.sampled++
  if (found.context === null && found.problem !== null) counts.restarted++
  return new OpenRequestTrace(recorder, request, route, head)
}

/** The gateway where the trace entered has decided. */
function believed({ baggage, problem }: Extracted, context: TraceContext): Head {
  return { context, baggage, problem: problem ?? '', kept: (context.flags & TraceFlag.Sampled) === 0 ? null : 'policy', isOwn: false }
}

/**
 * Decides by the threshold of now. A client that is to be obeyed may add to what is sampled, never take away: its context says
 * that it does not sample, not that nobody may.
 */
function decided({ sampling, random }: Recorder, { context: found, baggage, problem }: Extracted, { key, sampling: settings }: TracedRoute, nowUs: number): Head {
  const context = found ?? begun(newTraceId(random))
  const randomness = randomnessOf(context) ?? traceIdRandomness(context.traceId)
  const threshold = sampling.head(key, nowUs)
  const isOurs = isKept(randomness, threshold)
  const isTheirs = settings.honourClients && (context.flags & TraceFlag.Sampled) !== 0
  const next = withThreshold(context, isOurs ? thresholdText(threshold) : isTheirs ? context.threshold : '')
  // Nobody else holds it: it was read or begun for this request.
  next.flags = (context.flags & ~TraceFlag.Sampled) | (isOurs || isTheirs ? TraceFlag.Sampled : 0)
  const isRaised = isOurs && !isTheirs && !isKept(randomness, sampling.calm(key))
  return {
    context: next, baggage, problem: problem ?? '', isOwn: true,
    kept: isOurs || isTheirs ? (isRaised ? 'anomaly' : 'policy') : null,
  }
}

const begun = (traceId: string): TraceContext => (
  { traceId, spanId: '', flags: TraceFlag.Random, tracestate: '', threshold: '', randomness: '', otherOt: '' }
)

/** What is exported nowhere is handed over and gone. */
function countingExporter(): SpanExporter {
  const counts: ExportCounts = { queued: 0, sent: 0, sentBytes: 0, shed: 0, failed: 0 }
  return { counts, export: () => true, close: async () => {} }
}
