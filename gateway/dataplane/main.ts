// The gateway as a process of a run: told where to listen by its bootstrap file, told what to serve by its
// control plane, and by the last good snapshot on disk when no control plane answers.

import { connectControlPlane } from '../controlplane/client.ts'
import { openLastGood } from '../controlplane/last-good.ts'
import { openReporter, type Reporter } from '../controlplane/telemetry-client.ts'
import { runChild, seededRandom, type ChildProcess } from '../runtime.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { GatewayBootstrap } from './bootstrap.ts'
import { startGateway, type Gateway } from './gateway.ts'

/** A control plane that is there answers well within this; after it the last good snapshot serves. */
const firstSnapshotMs = 400
const usageMs = 1000
const lastReportMs = 500

await runChild<GatewayBootstrap>(async (child) => {
  const { bootstrap, clock, scheduler, evidence } = child
  const gateway = await startGateway({ bootstrap, clock, scheduler, evidence, random: seededRandom(bootstrap.seed) })
  const lastGood = openLastGood(bootstrap.stateDir, bootstrap.name, child)
  let applied = (): void => {}
  const first = new Promise<void>((resolve) => { applied = resolve })
  const apply = (snapshot: Snapshot): void => {
    gateway.apply(snapshot)
    lastGood.save(snapshot)
    applied()
  }
  const { name, role, region } = bootstrap
  const controlPlane = connectControlPlane({
    addresses: bootstrap.controlPlanes, gateway: { name, role, region }, token: bootstrap.token,
    clock, scheduler, evidence, held: () => gateway.snapshot, apply,
  })
  await Promise.race([first, new Promise<void>((resolve) => { scheduler.after(bootstrap.controlPlanes.length === 0 ? 0 : firstSnapshotMs, resolve) })])
  if (gateway.snapshot === null) serveLastGood(gateway, child, () => lastGood.read())
  const stopUsage = reportUsage(gateway, child)
  const reporter = gateway.telemetry === null ? null : reportTelemetry(gateway, child)
  return async () => {
    stopUsage()
    controlPlane.close()
    lastGood.flush()
    await gateway.drain()
    await reporter?.close(lastReportMs)
    await gateway.close()
  }
})

function serveLastGood(gateway: Gateway, { clock, evidence }: ChildProcess<GatewayBootstrap>, read: () => Snapshot | null): void {
  const snapshot = read()
  if (snapshot !== null) gateway.apply(snapshot)
  evidence.event({
    atUs: clock.nowUs(), kind: 'log', level: 'warn', code: 'RGT_NOT_READY',
    message: snapshot === null
      ? 'no control plane has answered and there is no last good snapshot: requests answer 503 until one comes'
      : `no control plane has answered: serving the last good snapshot, revision ${snapshot.revision}`,
  })
}

/** One report a second: to the control plane, and told as evidence. */
function reportTelemetry(gateway: Gateway, { bootstrap, clock, scheduler, evidence }: ChildProcess<GatewayBootstrap>): Reporter {
  const { controlPlanes, token, telemetry } = bootstrap
  return openReporter({
    addresses: telemetry?.report === false ? [] : controlPlanes, token, clock, scheduler, evidence,
    report() {
      const report = gateway.report()
      if (report !== null) evidence.event({ atUs: report.toUs, kind: 'red', report })
      return report
    },
  })
}

/** One `usage` event a second: processor time and requests since the one before. */
function reportUsage(gateway: Gateway, { clock, scheduler, evidence }: ChildProcess<GatewayBootstrap>): () => void {
  let cpu = process.cpuUsage()
  let requests = gateway.metrics.requests
  return scheduler.every(usageMs, () => {
    const now = process.cpuUsage()
    const lag = gateway.metrics.recentLagUs
    evidence.event({
      atUs: clock.nowUs(), kind: 'usage', cpuUs: now.user + now.system - cpu.user - cpu.system, rssBytes: process.memoryUsage.rss(),
      requests: gateway.metrics.requests - requests, loopLagP99Us: lag.totalCount === 0 ? 0 : lag.getValueAtPercentile(99),
    })
    cpu = now
    requests = gateway.metrics.requests
    lag.reset()
  })
}
