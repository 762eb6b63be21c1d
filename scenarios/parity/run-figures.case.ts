// Made-up runs for tests of comparisons: a failover of about a second and a half on a path of 90 ms.

import { seededRandom } from '../../gateway/runtime.ts'
import type { RunFigures } from './run-figures.ts'

export function runCase(change: Partial<RunFigures> = {}): RunFigures {
  return {
    run: 'run-1', scenario: 'patient-detection', substrate: 'local', seed: 1, doubts: [], crowded: false,
    failover: { kind: 'measured', ms: 1_500 }, resolutionMs: 10, detectMs: 900, drainMs: 1_480, latencyMs: { p50: 96, p95: 1_002 },
    shares: {
      steady: { 'eu-west': 0.4, 'us-east': 0.35, 'ap-south': 0.25 }, fault: { 'eu-west': 0.01, 'us-east': 0.74, 'ap-south': 0.25 },
      recovered: { 'eu-west': 0.4, 'us-east': 0.35, 'ap-south': 0.25 },
    },
    circumstances: { loopLagMs: 4, cpuShare: 0.3, hedges: 20, retries: 2, failed: 140, slow: 3, discarded: 0, falseEjections: 0 },
    ...change,
  }
}

/** Runs whose times spread by ±`spread` around the plain run's, times `factor`. */
export function runsCase(substrate: string, { count = 10, factor = 1, spread = 0.05, change = {} as Partial<RunFigures> } = {}): RunFigures[] {
  const random = seededRandom(substrate.length)
  return Array.from({ length: count }, (_, index) => {
    const by = factor * (1 + spread * (2 * random.next() - 1))
    const plain = runCase()
    return {
      ...plain, substrate, run: `${substrate}-${index + 1}`, seed: index + 1, failover: { kind: 'measured' as const, ms: plain.failover!.ms * by },
      detectMs: plain.detectMs! * by, drainMs: plain.drainMs! * by, ...change,
    }
  })
}
