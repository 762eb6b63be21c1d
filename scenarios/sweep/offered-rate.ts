// How many requests a second clients offer, all of them together. What measures is traffic too and feeds passive
// detection, so on slow traffic the prober and the witness must become slower with it, or they would be the traffic.

import { plan } from '../plan.ts'
import { coarser, usualWitnessIntervalMs } from '../plan-probes.ts'
import type { Subject } from './subject.ts'

/** Highest shares of the rate that measuring may take; the load has the rest. */
const proberShare = 0.4
const witnessShare = 0.1

/** Load, prober and witness offer `rate` requests a second in the fault phase; the loads keep their proportions. */
export function withRate(subject: Subject, rate: number): Subject {
  const { scenario, topology } = subject
  const { affectedGroups, faults } = plan(scenario, topology, 1)
  const watched = affectedGroups.length
  const probed = watched + (topology.clients.length - watched) / coarser
  const paths = new Set(faults.flatMap((fault) => fault.paths).map(({ group, region }) => `${group} ${region}`)).size
  const intervalMs = atLeast(scenario.prober.intervalMs, probed, rate * proberShare)
  const witnessIntervalMs = atLeast(scenario.prober.witnessIntervalMs ?? usualWitnessIntervalMs, paths, rate * witnessShare)
  const left = rate - (1000 * probed) / intervalMs - (1000 * paths) / witnessIntervalMs
  const whole = scenario.loads.reduce((sum, load) => sum + load.ratePerSecond, 0)
  return {
    ...subject,
    scenario: {
      ...scenario,
      prober: { ...scenario.prober, intervalMs, witnessIntervalMs },
      loads: scenario.loads.map((load) => ({ ...load, ratePerSecond: (load.ratePerSecond * left) / whole })),
    },
  }
}

/** The interval that is asked for, or the shortest whole number of milliseconds at which `streams` of it stay within a rate. */
function atLeast(askedMs: number, streams: number, ratePerSecond: number): number {
  return Math.max(askedMs, Math.ceil((1000 * streams) / ratePerSecond))
}
