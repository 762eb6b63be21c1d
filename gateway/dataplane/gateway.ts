// The reference data plane, put together. `main.ts` runs it as a process; tests and benchmarks run it in
// theirs, with their own clock, randomness and evidence.
//
//   listener ─► exchange ─► pipeline (match, filters) ─► core ─► effects ─► attempt ─► pool ─► upstream
//                  ▲                                                            │
//                  └──────────────────────── response ◄─────────────────────────┘

import type { Clock, Evidence, Random, Scheduler } from '../ports.ts'
import { protocols } from '../protocols/index.ts'
import { createRoutingCore } from '../routing/index.ts'
import type { CoreTopology } from '../routing/core.ts'
import { defaultHealth, type Snapshot, type SnapshotAddress } from '../snapshot/snapshot.ts'
import type { SpanExporter } from '../telemetry/export/exporter.ts'
import type { ExpositionFormat } from '../telemetry/exposition.ts'
import { GatewayMetrics } from '../telemetry/metrics.ts'
import type { TelemetryReport } from '../telemetry/red/report.ts'
import { makeMetricsPage } from '../telemetry/metrics-page.ts'
import { startAdmin, type Admin } from './admin.ts'
import type { GatewayBootstrap } from './bootstrap.ts'
import { drainListeners } from './drain.ts'
import { CoreDriver } from './effects.ts'
import { Listener } from './listener.ts'
import { Mirrors } from './mirror.ts'
import type { Plane } from './plane.ts'
import { Prober } from './prober.ts'
import { readGateway, statusOf } from './status.ts'
import { Pools, swapSnapshot } from './swap.ts'
import { openTelemetry, type Telemetry } from './telemetry.ts'
import { createReport } from './telemetry-report.ts'
import { startTicker } from './ticker.ts'

export interface GatewayOptions {
  bootstrap: GatewayBootstrap
  clock: Clock
  scheduler: Scheduler
  random: Random
  evidence: Evidence
  /** Served from the start; otherwise requests answer 503 until `apply`. */
  snapshot?: Snapshot
  /** Takes kept spans, instead of what the bootstrap names; where telemetry is on. */
  exporter?: SpanExporter
}

export interface Gateway {
  /** As bound: port 0 in the bootstrap has become a port. */
  readonly addresses: { ingress: SnapshotAddress; eastWest: SnapshotAddress | null; mesh: SnapshotAddress | null; admin: SnapshotAddress }
  readonly snapshot: Snapshot | null
  readonly metrics: GatewayMetrics
  /** null: the bootstrap does not ask for it. */
  readonly telemetry: Telemetry | null
  /** What telemetry counted since the last call; null: telemetry is off. */
  report(): TelemetryReport | null
  /** Serve this from now on. Throws, and changes nothing, when it cannot be built. */
  apply(snapshot: Snapshot): void
  status(): unknown
  metricsText(format?: ExpositionFormat): Promise<string>
  /** Stop accepting, let what is in flight end, close. Resolves to the number of connections cut at the limit. */
  drain(): Promise<number>
  /** Close at once. */
  close(): Promise<void>
}

/** What is kept when a gateway ends has so long to reach its collector. */
const exportMs = 1000

/** Throws RGT_LISTEN when an address cannot be had. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { bootstrap, scheduler } = options
  const protocol = protocols.http1
  const { plane, pools, prober } = assemble(options)
  const ingress = new Listener(plane, protocol, 'client')
  const eastWest = bootstrap.listen.eastWest === null ? null : new Listener(plane, protocol, 'peer')
  const mesh = bootstrap.listen.mesh === undefined ? null : new Listener(plane, protocol, 'mesh')
  const listeners = [ingress, eastWest, mesh].filter((listener) => listener !== null)
  const readings = (): ReturnType<typeof readGateway> => readGateway(plane, { ingress: ingress.size, 'east-west': eastWest?.size ?? 0, ...(mesh === null ? {} : { mesh: mesh.size }) })
  const metricsText = makeMetricsPage(plane.metrics, readings, () => plane.telemetry?.metrics() ?? [])
  const report = plane.telemetry === null ? () => null : createReport(plane, plane.telemetry)
  if (options.snapshot !== undefined) swapSnapshot(plane, pools, options.snapshot)
  let drained: Promise<number> | null = null
  const drain = (): Promise<number> => {
    plane.draining = true
    drained ??= drainListeners(listeners, bootstrap.limits.drainMs, scheduler)
    return drained
  }
  let admin: Admin | null = null
  const ticker = startTicker(plane, () => {
    for (const listener of listeners) listener.sweep()
    pools.sweep()
    prober.sweep()
    plane.mirrors.sweep(plane.clock)
  })
  plane.driver.awoken = () => ticker.hasten()
  const close = async (): Promise<void> => {
    ticker.stop()
    for (const listener of listeners) {
      listener.stopAccepting()
      listener.destroy()
    }
    plane.telemetry?.notices.close()
    prober.close()
    pools.destroy()
    admin?.close()
    await plane.telemetry?.close(exportMs)
  }
  try {
    await ingress.listen(bootstrap.listen.ingress)
    if (eastWest !== null) await eastWest.listen(bootstrap.listen.eastWest!)
    if (mesh !== null) await mesh.listen(bootstrap.listen.mesh!)
    admin = await startAdmin(bootstrap.listen.admin, bootstrap.token, {
      ...(bootstrap.hosts === undefined ? {} : { hosts: bootstrap.hosts }),
      ready: () => plane.state !== null && !plane.draining,
      nowUs: () => plane.clock.nowUs(),
      status: () => statusOf(plane, readings()),
      metrics: metricsText,
      drain: () => void drain(),
    })
  } catch (error) {
    await close()
    throw error
  }
  return {
    addresses: { ingress: ingress.address, eastWest: eastWest?.address ?? null, mesh: mesh?.address ?? null, admin: admin.address },
    get snapshot() { return plane.state?.snapshot ?? null },
    metrics: plane.metrics,
    telemetry: plane.telemetry,
    report,
    apply: (snapshot) => swapSnapshot(plane, pools, snapshot),
    status: () => statusOf(plane, readings()),
    metricsText, drain, close,
  }
}

/** Until the first snapshot. */
const noTopology: CoreTopology = { ownRegion: -1, regions: [], targets: [], services: [] }

/** The parts that know each other through the plane. */
function assemble({ bootstrap, clock, scheduler, random, evidence, exporter }: GatewayOptions): { plane: Plane; pools: Pools; prober: Prober } {
  const driver = new CoreDriver(createRoutingCore(noTopology, defaultHealth, clock.nowUs()))
  const mirrors = new Mirrors()
  const prefix = Math.floor(random.next() * 2 ** 32).toString(16).padStart(8, '0') + Math.floor(random.next() * 2 ** 32).toString(16).padStart(8, '0')
  let requests = 0
  const plane: Plane = {
    bootstrap, clock, scheduler, random, evidence, driver, mirrors,
    telemetry: bootstrap.telemetry === undefined ? null : openTelemetry(bootstrap.telemetry, { bootstrap, clock, random, evidence, ...(exporter === undefined ? {} : { exporter }) }),
    metrics: new GatewayMetrics(),
    coarse: { ms: clock.nowUs() / 1000 },
    attemptLog: bootstrap.attemptLog ?? true,
    token: Buffer.from(bootstrap.token),
    state: null,
    draining: false,
    nextRequestId: () => `${prefix}-${(++requests).toString(36)}`,
  }
  const prober = new Prober(protocols.http1)
  const pools = new Pools(plane, protocols.http1)
  driver.plane = prober.plane = mirrors.plane = plane
  driver.prober = prober
  return { plane, pools, prober }
}
