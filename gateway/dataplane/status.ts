// What a gateway says of itself: read for /metrics at each scrape and shown as /status.

import type { GatewayReadings } from '../telemetry/metrics-page.ts'
import type { Plane } from './plane.ts'

export function readGateway(plane: Plane, connections: Record<string, number>): GatewayReadings {
  const { state, driver, telemetry } = plane
  const { core } = driver
  const targets = state === null ? [] : state.topology.targets.map(({ key, region }, index) => {
    const { p50Us, p99Us } = core.latency(index)
    const pool = state.pools[index]
    return {
      key, region: state.topology.regions[region].name, state: core.targetState(index), outstanding: core.outstanding(index),
      p50Us, p99Us, connections: pool.size, idle: pool.idle,
    }
  })
  const regions = state === null ? [] : state.topology.regions.map(({ name }, index) => ({ region: name, state: driver.regionState(index) }))
  return {
    revision: state?.snapshot.revision ?? 0,
    ready: state !== null && !plane.draining,
    connections, inFlight: driver.inFlight, targets, regions,
    tracing: telemetry === null ? null : { counts: telemetry.tracing.counts, exported: telemetry.tracing.exported },
  }
}

export function statusOf(plane: Plane, readings: GatewayReadings): unknown {
  const { bootstrap, state } = plane
  return {
    name: bootstrap.name, role: bootstrap.role, region: bootstrap.region,
    ready: readings.ready, draining: plane.draining,
    snapshot: state === null ? null : { revision: state.snapshot.revision, version: state.snapshot.version, routes: state.routes.length },
    requests: plane.metrics.requests, inFlight: readings.inFlight, connections: readings.connections,
    regions: readings.regions,
    ...(readings.tracing === null ? {} : { tracing: readings.tracing }),
    targets: readings.targets.map(({ p50Us, p99Us, ...target }) => (
      { ...target, p50Us: Number.isNaN(p50Us) ? null : p50Us, p99Us: Number.isNaN(p99Us) ? null : p99Us }
    )),
    unavailableServices: state === null ? [] : plane.driver.core.unavailableServices().map((index) => state.topology.services[index].name),
  }
}
