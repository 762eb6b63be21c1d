// Waiting for an Envoy, against an admin port that a test plays.

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { EnvoyPlan } from './envoy.ts'
import { envoyWords, untilLive, type EnvoyLook } from './health.ts'

async function admin(states: string[]): Promise<AsyncDisposable & { envoy: EnvoyPlan }> {
  const server = createServer((_request, response) => {
    const state = states.length > 1 ? states.shift()! : states[0]
    response.writeHead(state === 'LIVE' ? 200 : 503).end(`${state}\n`)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    envoy: { id: 'cart-0-sidecar-proxy', region: 'eu-west', kind: 'service', admin: { host: '127.0.0.1', port: (server.address() as AddressInfo).port }, bootstrapArguments: [] },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => { server.close(resolve) })
    },
  }
}

const look = (part: Partial<EnvoyLook> = {}): EnvoyLook => ({ ended: () => null, lastWords: () => 'gRPC config stream closed', timeoutMs: 60_000, signal: new AbortController().signal, ...part })

test('an Envoy is waited for until it has its configuration', async () => {
  const states = ['PRE_INITIALIZING', 'INITIALIZING', 'LIVE']
  await using played = await admin(states)
  await untilLive(played.envoy, look())
  expect(states).toEqual(['LIVE'])
})

test('one that never has it is told with region, service and the last words of its log', async () => {
  await using played = await admin(['PRE_INITIALIZING'])
  await expect(untilLive(played.envoy, look({ timeoutMs: 0 }))).rejects.toMatchObject({
    code: 'RGT_MESH', message: 'eu-west: the sidecar of cart-0 did not become ready',
    details: { expected: 'LIVE, within 0 s', found: 'its Envoy says PRE_INITIALIZING; its log: gRPC config stream closed' },
  })
})

test('one that ended is told at once, whatever time is left', async () => {
  await using played = await admin(['PRE_INITIALIZING'])
  await expect(untilLive(played.envoy, look({ ended: () => 'ended with exit code 1: cannot bind' }))).rejects.toMatchObject({ details: { found: 'ended with exit code 1: cannot bind' } })
})

test('one whose admin port does not answer is told as such', async () => {
  const { envoy } = await (async () => { await using played = await admin(['LIVE']); return { envoy: played.envoy } })()
  await expect(untilLive(envoy, look({ timeoutMs: 0 }))).rejects.toMatchObject({ details: { found: expect.stringContaining('does not answer (ECONNREFUSED)') } })
})

test('Envoys are called by whose they are', () => {
  expect([envoyWords({ id: 'mesh-gateway', kind: 'mesh-gateway' }), envoyWords({ id: 'regatta-gateway-sidecar-proxy', kind: 'gateway' })])
    .toEqual(['the mesh gateway', 'the sidecar of regatta-gateway'])
})
