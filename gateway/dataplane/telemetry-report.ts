// What a gateway tells its control plane each second: everything that was counted since it was asked last.

import type { SamplingCore } from '../telemetry/sampling/index.ts'
import type { TelemetryReport } from '../telemetry/red/report.ts'
import type { Plane } from './plane.ts'
import type { Telemetry } from './telemetry.ts'

/** Each call is one report more. */
export function createReport(plane: Plane, telemetry: Telemetry): () => TelemetryReport {
  let sequence = 0
  return () => ({
    gateway: plane.bootstrap.name,
    sequence: ++sequence,
    ...telemetry.red.drain(plane.clock.nowUs()),
    sampling: budgets(telemetry.sampling, telemetry.tracing.takeSampledSpans()),
    regions: regions(plane),
    // This gateway ends no TLS: certificates belong to the mesh around it.
    certificates: [],
  })
}

/** Policies with a budget. `spans`: of requests that were sampled here, by policy. */
function budgets(sampling: SamplingCore, spans: ReadonlyMap<string, number>): TelemetryReport['sampling'] {
  const byPolicy = new Map<string, TelemetryReport['sampling'][number]>()
  for (const { policy, budget, raised } of sampling.rates()) {
    if (budget === null) continue
    const told = byPolicy.get(policy)
    if (told === undefined) byPolicy.set(policy, { policy, budget, spans: spans.get(policy) ?? 0, raised })
    else told.raised ||= raised
  }
  return [...byPolicy.values()]
}

function regions({ state, driver }: Plane): TelemetryReport['regions'] {
  return (state?.topology.regions ?? []).flatMap(({ name }, index) => {
    const now = driver.regionState(index)
    return now === 'serving' ? [] : [{ region: name, state: now }]
  })
}
