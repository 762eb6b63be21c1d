// A verdict for tests of reports: one check of each kind, and names as nasty as a file could make them.

import type { TracingFigures, Verdict } from '../scenarios/verdict.ts'

export const nasty = '</script><img src=x onerror=alert(1)>&"\'|`\u0000\u001b[31m\n\r\t]]>'

export function verdictCase(change: Partial<Verdict> = {}): Verdict {
  return {
    apiVersion: 'regatta.dev/v1alpha1', kind: 'Verdict', run: 'run-1', scenario: 'regional-outage', topology: 'three-regions', substrate: 'local',
    gateway: 'reference', mesh: 'none', seed: 7, verdict: 'fail', exitCode: 1, summary: 'Fail: regional-outage missed eligible_failed count==0 (observed 3).',
    checks: [
      { name: 'failover_time max<5s', group: 'objective', verdict: 'pass', objective: 'max < 5 s', observed: 162.4, unit: 'ms', evidence: ['1,000 probes'] },
      { name: 'eligible_failed count==0', group: 'objective', verdict: 'fail', objective: 'count == 0', observed: 3, unit: 'count', evidence: Array.from({ length: 9 }, (_, index) => `request ${index}`) },
      { name: 'machine-room', group: 'validity', verdict: 'inconclusive', objective: 'processor use < 70 %', observed: null, unit: 'share', evidence: ['no sample'] },
    ],
    failover: {
      groups: ['europe'], valueMs: 162.4, resolutionMs: 10, zeroUncertaintyMs: 0.8, belowResolution: false, notRecovered: false,
      stages: { detectMs: 90, decideMs: 91, drainMs: null, recoverMs: 162.4 }, failed: 0, slow: 7, lastBadMs: 152.4, eligibleFailed: 3,
    },
    paths: [{ group: 'europe', region: 'eu-west', samples: 222, normalMs: 24.1, p99Ms: 31 }],
    counts: { requests: 12_345, eligible: 11_000, eligibleFailed: 3, failed: 4, residencyDenied: 0, attempts: 12_400, retries: 2, hedges: 53, falseEjections: 0 },
    limits: [], ...change,
  }
}

/** With an objective that could not be measured where it ran. */
export function unsupportedVerdict(change: Partial<Verdict> = {}): Verdict {
  const plain = verdictCase({ substrate: 'simulated', ...change })
  return {
    ...plain,
    checks: [{
      name: 'decision_time p(99)<1ms', group: 'objective', verdict: 'unsupported', objective: 'p(99) < 1 ms', observed: null, unit: 'ms',
      evidence: ['simulated cannot measure decision_time: the clock stands still'],
    }, ...plain.checks],
  }
}

export const trace = { hash: '47982203a32013f1', events: 12_345_678, requests: 3_000_000, virtualUs: 60e6, wallMs: 5200 }

/** What a run with turns tells of tracing, and one request that failed over and took 310 ms. */
export function tracingCase(change: Partial<TracingFigures> = {}): TracingFigures {
  const variant = (name: string, cpuUsPerRequest: number, overhead: TracingFigures['variants'][number]['overhead'], kept: Record<string, number>, bytes = 0): TracingFigures['variants'][number] => ({
    variant: name, requests: 2000, rounds: 24, cpuUsPerRequest, overhead, bytesPerRequest: bytes * 500, bytes: overhead === null ? null : { value: bytes, low: bytes, high: bytes },
    traces: Object.values(kept).reduce((sum, count) => sum + count, 0), spans: 4000, kept, brokenTraces: 0, lostToFault: 0,
  })
  const span = (spanId: string, parentSpanId: string, process: string, kind: string, startUs: number, durationUs: number, over: Partial<NonNullable<TracingFigures['example']>['spans'][number]> = {}) =>
    ({ spanId, parentSpanId, process, kind, name: 'GET shop/catalog/0', startUs, durationUs, status: 200, outcome: 'ok', target: '', attempt: 0, kept: 'failover', ...over })
  return {
    variants: [
      variant('off', 318, { value: 0, low: 0, high: 0 }, {}), variant('always-on', 411, { value: 1, low: 1, high: 1 }, { policy: 2000 }, 1),
      variant('retroactive', 367, { value: 0.53, low: 0.36, high: 0.73 }, { policy: 20, error: 7, failover: 3 }, 0.011),
    ],
    example: { requestId: 'k6-shop-1', traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spans: [
      span('a1', '', 'edge/frankfurt', 'server', 0, 310_000), span('b1', 'a1', 'edge/frankfurt', 'client', 100, 300_000, { status: 0, outcome: 'cancelled', target: 'link:eu-west:1' }),
      span('b2', 'a1', 'edge/frankfurt', 'client', 250_000, 59_000, { target: 'link:us-east:1', attempt: 1 }), span('c1', 'b2', 'gateway/us-east', 'server', 280_000, 3000),
    ] },
    rates: [
      { atUs: 1e6, gateway: 'edge/frankfurt', route: 'shop/catalog/0', protocol: 'http1', probability: 0.02, cause: 'budget', anomaly: '' },
      { atUs: 2e6, gateway: 'edge/frankfurt', route: 'shop/catalog/0', protocol: 'http1', probability: 0.08, cause: 'anomaly', anomaly: 'errors' },
      { atUs: 9e6, gateway: 'edge/frankfurt', route: 'shop/catalog/0', protocol: 'http1', probability: 0.02, cause: 'baseline', anomaly: '' },
    ],
    ratesLeftOut: 0, ...change,
  }
}

/** Every text of it made nasty. */
export function nastyVerdict(): Verdict {
  const plain = verdictCase({ limits: ['a limit'] })
  return {
    ...plain, scenario: `s${nasty}`, topology: nasty, substrate: nasty, gateway: nasty, summary: `Fail: ${nasty}`, limits: [nasty],
    checks: plain.checks.map((check) => ({ ...check, name: check.name + nasty, objective: nasty, evidence: [nasty] })),
    failover: plain.failover === null ? null : { ...plain.failover, groups: [nasty] },
  }
}
