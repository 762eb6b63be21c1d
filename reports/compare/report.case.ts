// A comparison with one variant of each kind, for tests and for looking at.

import { compareVariants, summarise } from '../../scenarios/compare/compare.ts'
import type { Comparison } from '../../scenarios/compare/document.ts'
import { playedCase, variantCase, variantRunCase } from '../../scenarios/compare/variant-run.case.ts'
import { level, resamples } from '../../scenarios/parity/bootstrap.ts'

export function comparisonCase(change: Partial<Comparison> = {}): Comparison {
  const mesh = { meshMs: 10_650, upMs: 14_200, tools: { consul: '1.19.2', envoy: '1.40.0', toxiproxy: '2.12.0' } }
  const stock = variantCase({ mesh: 'consul:stock', seed: 15, change: { ...mesh, failover: { kind: 'not-recovered', ms: 9_000 }, verdict: 'fail', exitCode: 1, missed: ['failover_time max<5s'], probes: { failed: 369, slow: 4 }, eligibleFailed: 512 } })
  const tuned = variantCase({ mesh: 'consul:tuned', seed: 14, factor: 2.4, change: mesh })
  const crowded = variantRunCase({ ...tuned.runs[1], failover: { kind: 'measured', ms: 1_900 }, crowded: true, verdict: 'inconclusive', exitCode: 2, doubts: ['machine-room: fault: processor use 88 %'] })
  tuned.runs = [tuned.runs[0], crowded, { ...tuned.runs[1], repeat: 1, folder: `${tuned.runs[1].folder}.repeat-1` }, tuned.runs[2]]
  const error = { code: 'RGT_MESH', message: 'istio: istiod did not become ready', expected: 'ready within 3m', hint: 'look into its log' }
  const gone = variantCase({
    mesh: 'istio', seed: 16,
    change: { error, failover: null, probes: null, eligibleFailed: null, latencyByGroup: { steady: {}, fault: {} }, decisionMs: null, doubts: ['ended failed: RGT_MESH'], upMs: null, exitCode: 4, verdict: 'inconclusive', tools: {} },
  })
  const quick = variantCase({ mesh: 'consul', seed: 13, change: { ...mesh, failover: { kind: 'below-resolution', ms: 10 } } })
  const variants = compareVariants(playedCase(quick, tuned, stock, gone), ['europe', 'america'])
  return {
    apiVersion: 'regatta.dev/v1alpha1', kind: 'Comparison', madeAt: '2026-01-01T00:00:00.000Z', command: 'regatta compare service-outage --mesh none,consul,consul:tuned,consul:stock,istio',
    regatta: '0.1.0', scenario: 'service-outage', topology: 'three-regions', substrate: 'local', machine: { os: 'linux 6.1', arch: 'x64', cpuModel: 'a processor', cpus: 2 },
    rounds: 3, seed: 1, affectedGroups: ['europe'], level, resamples, variants, exitCode: 4, summary: summarise(variants), ...change,
  }
}
