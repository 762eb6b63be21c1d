// What tracing costs without a socket: one decision, one span, one request's whole part in a trace, in nanoseconds.

import { systemClock, seededRandom } from '../../gateway/runtime.ts'
import type { RouteSampling } from '../../gateway/snapshot/snapshot.ts'
import type { SpanExporter } from '../../gateway/telemetry/export/exporter.ts'
import { createSamplingCore, isKept, randomnessOf } from '../../gateway/telemetry/sampling/index.ts'
import { encodeSpan } from '../../gateway/telemetry/spans/codec.ts'
import { createTracing, defaultRingBytes } from '../../gateway/telemetry/spans/index.ts'
import { Recorder, type EndedSpan } from '../../gateway/telemetry/spans/recorder.ts'
import type { ClientSpan } from '../../gateway/telemetry/spans/span.ts'
import type { Contender } from './decision.ts'

const retroactive: RouteSampling['retroactive'] = { keep: ['error', 'slow', 'failover', 'shed'], slowMs: 1000 }
/** Samplers of the gateways that are compared, and of the requests that are timed here. */
export const samplings = {
  'always-on': { policy: 'bench/on', tenant: 'bench', sampler: { kind: 'always-on' }, retroactive: null, anomaly: null, honourClients: false },
  retroactive: {
    policy: 'bench/adaptive', tenant: 'bench', retroactive, honourClients: false, anomaly: { factor: 8, halfLifeMs: 10_000 },
    sampler: { kind: 'adaptive', spansPerSecond: 100, windowMs: 5000, burst: 2 },
  },
} as const satisfies Record<string, RouteSampling>

export const span: ClientSpan = {
  kind: 'client', traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', parentSpanId: '00f067aa0ba902b8', flags: 3, threshold: '0',
  startUs: 1e9, durationUs: 1234, requestId: 'c0ffee00c0ffee00-1a2b', route: 'bench/all/0', service: 'bench/upstream:80', region: 'here', method: 'GET',
  protocol: 'http1', status: 200, target: 'endpoint:bench/upstream:80@here/127.0.0.1:8080', isLink: false, attempt: 0, reason: 'first', outcome: 'ok',
}

/** Takes everything and does nothing: what is measured ends where the batch is handed over. */
const discarding = (): SpanExporter => ({ counts: { queued: 0, sent: 0, sentBytes: 0, shed: 0, failed: 0 }, export: () => true, close: async () => {} })

export function tracingCores(): Contender[] {
  return [decision(), spanInto('span_dropped', false), spanInto('span_kept', true), request('request_unsampled', 'retroactive', '0'), request('request_sampled', 'always-on', 'f')]
}

function decision(): Contender {
  const core = createSamplingCore()
  const key = core.key({ tenant: 'bench', route: 'bench/all/0', protocol: 'http1' }, samplings.retroactive)
  let kept = 0
  return {
    name: 'sampling_decision',
    call(at) {
      if (isKept(randomnessOf(span.traceId, ''), core.head(key, at))) kept++
    },
    settle() {
      core.tick(systemClock.nowUs())
      if (kept < 0) throw new Error('nothing was decided')
    },
  }
}

function spanInto(name: string, kept: boolean): Contender {
  const recorder = new Recorder(seededRandom(1), createSamplingCore(), discarding(), new ArrayBuffer(defaultRingBytes), 1_000_000)
  const ended: EndedSpan = { write: (view, at, names) => encodeSpan(view, at, names, span) }
  return {
    name,
    call(at) {
      recorder.record(ended, kept ? 'policy' : null, at)
    },
    settle() {},
  }
}

/** Context read, head decided, one attempt with its own context, two spans written. */
function request(name: string, sampling: keyof typeof samplings, digit: string): Contender {
  const tracing = createTracing({ sampling: createSamplingCore(), exporter: discarding(), random: seededRandom(1), tell() {} })
  const route = tracing.route('bench/all/0', 'http1', samplings[sampling])
  const fields = new Map([['traceparent', `00-${span.traceId.slice(0, 18)}${digit.repeat(14)}-${span.spanId}-02`]])
  const ended = { service: span.service, region: 'here', status: 200, attempts: 1, decisionNs: 500 }
  return {
    name,
    call(at) {
      const trace = tracing.begin({ fields, fromPeer: false, requestId: span.requestId, method: 'GET', path: '/a/path', host: 'bench', startUs: at }, route)
      const attempt = trace.attempt()
      attempt.end({ ...ended, target: span.target, isLink: false, attempt: 0, reason: 'first', outcome: 'ok', startUs: at }, at + 1)
      trace.end({ ...ended, outcome: 'ok' }, at + 2)
    },
    settle() {
      tracing.tick(systemClock.nowUs())
    },
  }
}
