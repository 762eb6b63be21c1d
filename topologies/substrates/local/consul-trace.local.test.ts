// Trace context through the whole of a mesh: edge, gateway, sidecars, and mesh gateways once the own region's sidecar is
// gone. It arrives as it was sent, and nobody adds a second.

import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { request } from 'undici'
import { gatewayConfig } from '../../gateway-config.ts'
import { loadTopology } from '../../load.ts'
import { standBack } from '../../meshes/stand-back.ts'
import { readMeshUse, withMesh } from '../../meshes/use.ts'
import { findTool } from '../../tools/index.ts'
import { cleanUp, scratch } from '../sockets/child.case.ts'
import { echoHeaders } from '../sockets/services/endpoint.ts'
import { localSubstrate } from './local.ts'

const policy = { allowEmbedded: true, allowInstall: false }

afterAll(cleanUp)

/** Values of the examples of W3C Trace Context (level 2) and Baggage; a UUID, in which an Envoy that traces writes its decision. */
const sent = {
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  tracestate: 'ot=th:8;rv:0123456789abcd,congo=t61rcWkgMzE',
  baggage: 'userId=alice,serverNode=DF%2028,isProduction=false',
  'x-request-id': '6b3c1d0e-5f2a-4c7b-8d9e-0a1b2c3d4e5f',
}

/** In which Envoy tells a service who called (Envoy, HTTP header manipulation). */
const callerHeader = 'x-forwarded-client-cert'

test('trace context arrives unbroken, in the own region and through mesh gateways', { timeout: 120_000 }, async (context) => {
  for (const name of ['consul', 'envoy']) {
    const found = await findTool(name, policy)
    context.skip('reason' in found, `there is no ${name} here`)
  }
  const topology = withMesh(await loadTopology('two-regions'), readMeshUse('consul:tuned'))
  const runDir = scratch()
  await using deployment = await localSubstrate.start({
    topology, config: standBack(await gatewayConfig(topology), topology), seed: 1, runDir, tools: policy, signal: new AbortController().signal, progress() {},
    history: { event() {}, request() {}, attempt() {} }, options: { gateway: 'reference', collectGarbageEveryMs: 0 },
  })
  const [entry] = deployment.inventory.entries.europe
  const ask = async (): Promise<{ from: string; received: [string, string][]; caller: string }> => {
    const names = [...Object.keys(sent), callerHeader]
    const { statusCode, headers, body } = await request(`${entry}/catalog/items`, { headers: { host: 'shop.example.com', [echoHeaders]: names.join(), ...sent } })
    const { received = [] } = await body.json() as { received?: [string, string][] }
    return {
      from: statusCode === 200 ? String(headers['x-echo-region']) : `status ${statusCode}`,
      received: received.filter(([name]) => name !== callerHeader).sort(([a], [b]) => (a < b ? -1 : 1)),
      caller: received.find(([name]) => name === callerHeader)?.[1] ?? '',
    }
  }
  const unbroken = Object.entries(sent).sort(([a], [b]) => (a < b ? -1 : 1))
  // The mesh carried it both times: it was the gateway of eu-west that called, and no other one.
  const caller = expect.stringMatching(/URI=spiffe:\/\/[^;]+\/dc\/eu-west\/svc\/regatta-gateway/)

  expect(await ask()).toEqual({ from: 'eu-west', received: unbroken, caller })
  process.kill(sidecarOf(runDir, 'envoy.eu-west.catalog-shop-8080-0-sidecar-proxy.json'), 'SIGKILL')
  await expect.poll(async () => (await ask()).from, { timeout: 30_000, interval: 200 }).toBe('us-east')
  expect(await ask()).toEqual({ from: 'us-east', received: unbroken, caller })
})

/** The process of this run that was started with that bootstrap. */
function sidecarOf(folder: string, bootstrap: string): number {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).find((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return line.includes(folder) && line.includes(bootstrap)
    } catch {
      return false
    }
  })!
}
