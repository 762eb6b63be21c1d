// The services process of one region: every replica of every service that the region runs, each behind its
// own port, and one control listener. One process a region, because the region dies as a whole.

import type { Server } from 'node:http'
import { gatewayError } from '../../../../gateway/errors.ts'
import type { Scheduler } from '../../../../gateway/ports.ts'
import { runChild, seededRandom } from '../../../../gateway/runtime.ts'
import { deriveSeed } from '../../../arrivals.ts'
import type { ServicesBootstrap } from './bootstrap.ts'
import { controlListener } from './control.ts'
import { echoEndpoint } from './endpoint.ts'

/** What is being worked on when the process is asked to end has so long, milliseconds. */
const drainMs = 1_000
const lookMs = 20

await runChild<ServicesBootstrap>(async ({ bootstrap, scheduler }) => {
  const { region, seed, control } = bootstrap
  const endpoints = bootstrap.endpoints.map((endpoint) =>
    echoEndpoint(region, endpoint, seededRandom(deriveSeed(seed, `${region}/${endpoint.service}/${endpoint.replica}`))))
  const controls = controlListener(bootstrap, endpoints)
  await Promise.all([
    listen(controls, control.host, control.port),
    ...endpoints.map(({ server, endpoint }) => listen(server, control.host, endpoint.port)),
  ])
  return async () => {
    controls.close()
    controls.closeAllConnections()
    await Promise.all(endpoints.map(({ server }) => drained(server, scheduler)))
  }
})

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
