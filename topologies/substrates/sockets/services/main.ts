// The services process of one region: every replica of every service that the region runs, each behind its
// own port, and one control listener. One process a region, because the region dies as a whole.

import type { Server } from 'node:http'
import { gatewayError } from '../../../../gateway/errors.ts'
import type { Clock, Scheduler } from '../../../../gateway/ports.ts'
import { runChild, seededRandom } from '../../../../gateway/runtime.ts'
import type { LineEvidence } from '../../../../gateway/telemetry/evidence.ts'
import { deriveSeed } from '../../../arrivals.ts'
import type { ServicesBootstrap } from './bootstrap.ts'
import { controlListener } from './control.ts'
import { echoEndpoint } from './endpoint.ts'
import type { ServiceSpans } from './spans.ts'

/** What is being worked on when the process is asked to end has so long, milliseconds. */
const drainMs = 1_000
const lookMs = 20
/** Then spans that no collector has taken yet have so long. */
const flushMs = 1_000

await runChild<ServicesBootstrap>(async ({ bootstrap, clock, scheduler, evidence }) => {
  const { region, seed, control } = bootstrap
  const spans = await spansOf(bootstrap, clock)
  const endpoints = bootstrap.endpoints.map((endpoint) =>
    echoEndpoint(region, endpoint, seededRandom(deriveSeed(seed, `${region}/${endpoint.service}/${endpoint.replica}`)), spans))
  const controls = controlListener(bootstrap, endpoints)
  await Promise.all([
    listen(controls, control.host, control.port),
    ...endpoints.map(({ server, endpoint }) => listen(server, control.host, endpoint.port)),
  ])
  return async () => {
    controls.close()
    controls.closeAllConnections()
    await Promise.all(endpoints.map(({ server }) => drained(server, scheduler)))
    if (spans !== null) await flushed(spans, clock, evidence)
  }
})

/** OpenTelemetry is loaded where spans are wanted only: it takes longer to start than all the rest. */
async function spansOf({ tracing, region }: ServicesBootstrap, clock: Clock): Promise<ServiceSpans | null> {
  return tracing === undefined ? null : (await import('./spans.ts')).openServiceSpans(tracing, region, clock)
}

async function flushed(spans: ServiceSpans, clock: Clock, evidence: LineEvidence): Promise<void> {
  await spans.close(flushMs)
  const { told, sent } = spans.counts
  if (sent === told) return
  evidence.event({ atUs: clock.nowUs(), kind: 'log', level: 'warn', code: 'RGT_COLLECTOR', message: `the collector took ${sent} of ${told} spans of services` })
}

/** No new connections; each that is open is closed when it has its answer. */
function drained(server: Server, scheduler: Scheduler): Promise<void> {
  return new Promise((resolve) => {
    const stop = scheduler.every(lookMs, () => server.closeIdleConnections())
    const late = scheduler.after(drainMs, () => server.closeAllConnections())
    server.close(() => {
      stop()
      late()
      resolve()
    })
  })
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(gatewayError('RGT_LISTEN', `cannot listen on ${host}:${port}`, { found: String(cause), cause })))
    server.listen(port, host, 1024, resolve)
  })
}
