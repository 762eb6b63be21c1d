// The process of a regional control plane: reads its bootstrap, takes revision 1 from there (or what it had
// accepted before a restart, or waits for the first publication), and serves it until its owner is gone. In a cluster it
// reads configuration and endpoints from the API server; that part is loaded only there.

import { CodedErrors } from '../errors.ts'
import { runChild, seededRandom, unixOffsetUs } from '../runtime.ts'
import { createAlertCore } from '../telemetry/alerts/core.ts'
import { createAlertDeliveries, deliveryMetrics } from './alert-delivery.ts'
import { planeCompiler } from './compiler.ts'
import { changeDocuments, replaceDocuments } from './documents.ts'
import { openJournal, type Journal } from './journal.ts'
import { parseWhole } from './messages.ts'
import { createPlane } from './plane.ts'
import type { ControlPlaneBootstrap, WholeConfig } from './protocol.ts'
import { startControlPlaneServer } from './server.ts'
import { turnAlerts } from './telemetry-alerts.ts'
import { createPlaneTelemetry } from './telemetry.ts'

/** How long the end of a plane waits for alerts to reach their receivers. */
const deliveryMs = 1_000

await runChild<ControlPlaneBootstrap>(async ({ bootstrap, clock, scheduler, evidence }) => {
  const plane = createPlane(bootstrap.region, planeCompiler(bootstrap.discovery))
  const journal = bootstrap.stateDir === undefined ? null : openJournal(bootstrap.stateDir, { clock, evidence })
  const first = bootstrap.documents.length === 0 ? { revision: 0, documents: [] } : parseWhole(JSON.stringify({ revision: 1, documents: bootstrap.documents }))
  const known = afterJournal(first, journal)
  // Without any configuration there is nothing to serve yet: gateways may connect, and wait for what is published.
  const effects = known.revision === 0 ? [] : plane.step({ kind: 'publish', asked: known }, clock.nowUs())
  for (const effect of effects) {
    if (effect.kind === 'evidence') evidence.event(effect.event)
    if (effect.kind === 'answer' && effect.answer.outcome !== 'accepted') throw new CodedErrors(effect.answer.errors)
  }
  const offsetUs = unixOffsetUs()
  const core = createAlertCore()
  const telemetry = createPlaneTelemetry(bootstrap.region, core, offsetUs)
  const deliveries = createAlertDeliveries({
    stateDir: bootstrap.stateDir ?? null, scheduler, random: seededRandom(process.pid),
    failed: (receiver, why) => evidence.event({ atUs: clock.nowUs(), kind: 'log', level: 'warn', code: 'RGT_ALERT_DELIVERY', message: `an alert did not reach ${receiver}: ${why}` }),
  })
  const alerts = turnAlerts({ region: bootstrap.region, core, telemetry, deliveries, unixOffsetUs: offsetUs, clock, scheduler, evidence })
  alerts.configure(plane.documents())
  const { kubernetes } = bootstrap
  const cluster = kubernetes === undefined ? null : await import('./kubernetes/watch.ts')
  let watching: { readonly synced: boolean; close(): void } | null = null
  const server = await startControlPlaneServer({
    plane, listen: bootstrap.listen, token: bootstrap.token, hosts: bootstrap.hosts, clock, scheduler, evidence,
    readsElsewhere: cluster !== null,
    telemetry: { ...telemetry, metrics: (nowUs) => [...telemetry.metrics(nowUs), ...deliveryMetrics(deliveries.counts)] },
    ready: () => cluster === null || plane.revision > 0 || watching?.synced === true,
    accepted(asked) {
      journal?.append(asked)
      alerts.configure(plane.documents())
    },
  })
  if (cluster !== null) {
    watching = cluster.watchCluster({
      source: kubernetes!, region: bootstrap.region, discovery: bootstrap.discovery, clock, scheduler, evidence,
      held: () => ({ revision: plane.revision, documents: plane.documents() }),
      publish: (asked) => server.step({ kind: 'publish', asked })!,
      discover: (discovery) => void server.step({ kind: 'discover', discovery }),
    })
  }
  return async () => {
    alerts.stop()
    watching?.close()
    await deliveries.close(deliveryMs)
    await server.close()
    journal?.close()
  }
})

/** Everything that was accepted before, as one configuration: it is compiled once, not once a change. */
function afterJournal(first: WholeConfig, journal: Journal | null): WholeConfig {
  let { revision } = first
  let documents = replaceDocuments(new Map(), first.documents)
  for (const asked of journal?.read() ?? []) {
    documents = 'documents' in asked ? replaceDocuments(documents, asked.documents) : changeDocuments(documents, asked)
    revision = asked.revision
  }
  return { revision, documents: [...documents.values()] }
}
