// A comparison with one scenario of each kind, for tests and for looking at.

import { compareSides, overallParity, parityBounds } from '../../scenarios/parity/compare.ts'
import type { Comparison, ParityReport } from '../../scenarios/parity/document.ts'
import type { RunFigures } from '../../scenarios/parity/run-figures.ts'
import { runCase, runsCase } from '../../scenarios/parity/run-figures.case.ts'

function scenario(name: string, simulated: RunFigures[], local: RunFigures[], calibratedOn = false): Comparison {
  return compareSides({
    scenario: name, subject: { substrate: 'simulated', runs: simulated }, reference: { substrate: 'local', runs: local }, runsAsked: 10, calibratedOn,
  })
}

export function parityCase(change: Partial<ParityReport> = {}): ParityReport {
  const fast: Partial<RunFigures> = { failover: { kind: 'below-resolution', ms: 10 }, detectMs: 160, drainMs: 310, latencyMs: { p50: 95, p95: 262 } }
  const shares = { ...runCase().shares, recovered: { 'eu-west': 0.34, 'us-east': 0.41, 'ap-south': 0.25 } }
  const busy = { ...runCase().circumstances, loopLagMs: 38, hedges: 31 }
  const comparisons = [
    scenario('slow-services', runsCase('simulated'), runsCase('local', { factor: 1.06 })),
    scenario('regional-hang', runsCase('simulated', { change: fast }), runsCase('local', { change: { ...fast, detectMs: 168, drainMs: null } })),
    scenario('patient-detection', runsCase('simulated', { spread: 0.3 }), runsCase('local', { spread: 0.4, factor: 1.05 })),
    scenario('patient-counting', runsCase('simulated'), runsCase('local', { factor: 2.6, change: { circumstances: busy, shares } })),
    scenario('region-brownout', runsCase('simulated'), runsCase('local', { count: 6 }).concat(runsCase('local', { count: 4, change: { doubts: ['machine-room: fault: processor use 88 %'], crowded: true } }))),
    scenario('regional-outage', runsCase('simulated', { change: { detectMs: 6 } }), runsCase('local', { change: { detectMs: 12 } }), true),
  ]
  return {
    apiVersion: 'regatta.dev/v1alpha1', kind: 'Parity', madeAt: '2026-01-01T00:00:00.000Z', command: 'regatta parity --on simulated,local --runs 10 --seed 1 --fast --model model.yaml',
    regatta: '0.1.0', machine: { os: 'linux 6.1', arch: 'x64', cpuModel: 'a processor', cpus: 2 }, substrates: ['simulated', 'local'], runsAsked: 10, seed: 1, fast: true,
    model: { source: 'run 20260101T000000-regional-outage of regional-outage', scenario: 'regional-outage' }, bounds: parityBounds, comparisons,
    ...overallParity(comparisons), ...change,
  }
}
