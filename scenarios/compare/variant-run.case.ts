// Made-up runs of variants: a failover of some 200 ms on paths of 90 ms, with noise.

import { seededRandom } from '../../gateway/runtime.ts'
import { runCase } from '../parity/run-figures.case.ts'
import type { VariantRuns } from './compare.ts'
import type { VariantRun } from './variant-run.ts'

export function variantRunCase(change: Partial<VariantRun> = {}): VariantRun {
  const latency = { europe: { p50: 92, p95: 120 }, america: { p50: 88, p95: 110 } }
  return {
    ...runCase({ failover: { kind: 'measured', ms: 200 }, detectMs: 150 }), folder: 'runs/round-1.none.reference', round: 1, again: false, repeat: 0,
    gateway: 'reference', mesh: 'none', failoverOwner: 'gateway', verdict: 'pass', exitCode: 0, missed: [], error: null, eligibleFailed: 0,
    probes: { failed: 0, slow: 12 }, latencyByGroup: { steady: latency, fault: latency }, decisionMs: { p50: 0.02, p99: 0.08 },
    upMs: 2_100, meshMs: null, tools: { toxiproxy: '2.12.0' }, ...change,
  }
}

export interface VariantCase {
  mesh?: string
  gateway?: string
  again?: boolean
  rounds?: number
  /** Of failover and of latency in the fault. */
  factor?: number
  /** Each run's times lie within this share of the plain ones. */
  spread?: number
  seed: number
  change?: Partial<VariantRun>
}

export function variantCase({ mesh = 'none', gateway = 'reference', again = false, rounds = 3, factor = 1, spread = 0.03, seed, change = {} }: VariantCase): VariantRuns {
  const random = seededRandom(seed)
  const noisy = (value: number): number => value * (1 + spread * (2 * random.next() - 1))
  const runs = Array.from({ length: rounds }, (_, index): VariantRun => {
    const latency = (by: number): Record<string, { p50: number; p95: number }> => ({ europe: { p50: noisy(92 * by), p95: noisy(120 * by) }, america: { p50: noisy(88), p95: noisy(110) } })
    return variantRunCase({
      run: `run-${seed}-${index}`, folder: `runs/round-${index + 1}.${mesh.replaceAll(':', '-')}.${gateway}${again ? '.again' : ''}`, round: index + 1, seed: index + 1, again, mesh, gateway,
      failoverOwner: mesh.includes(':') ? 'mesh' : 'gateway', failover: { kind: 'measured', ms: noisy(200 * factor) }, latencyByGroup: { steady: latency(1), fault: latency(factor) },
      decisionMs: { p50: noisy(0.02), p99: noisy(0.08) }, ...change,
    })
  })
  return { mesh, gateway, again, runs }
}

/** First and control, alike but for noise, then the others. */
export function playedCase(...others: VariantRuns[]): VariantRuns[] {
  return [variantCase({ seed: 11 }), variantCase({ seed: 12, again: true }), ...others]
}
