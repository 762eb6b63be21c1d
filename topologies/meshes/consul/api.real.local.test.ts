// The client against real Consul agents, two peered ones: that what tests play is what Consul answers.

import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { findTool } from '../../tools/index.ts'
import { openConsulApi, type ConsulApi } from './api.ts'
import { untilImported, untilReady } from './waits.ts'

const consul = await findTool('consul', { allowInstall: false })
/** A bound in a test: an agent is ready in 2 s here; a loaded machine may take many times as long. */
const patienceMs = 60_000

interface Agent extends AsyncDisposable { api: ConsulApi; grpcTls: string }

async function start(path: string, region: string): Promise<Agent> {
  const [http, grpc, grpcTls, server, lan, wan] = await freePorts(6)
  const host = '127.0.0.1'
  const stopping = new AbortController()
  const child = spawn(path, [
    'agent', '-dev', `-datacenter=${region}`, `-node=${region}-0`, `-bind=${host}`, `-client=${host}`, `-http-port=${http}`, `-grpc-port=${grpc}`,
    `-grpc-tls-port=${grpcTls}`, `-server-port=${server}`, `-serf-lan-port=${lan}`, `-serf-wan-port=${wan}`, '-dns-port=-1', '-log-level=error',
  ], { stdio: 'ignore' })
  const api = openConsulApi({ region, http: { host, port: http }, signal: stopping.signal })
  return {
    api, grpcTls: `${host}:${grpcTls}`,
    async [Symbol.asyncDispose]() {
      await api.close()
      await end(child)
    },
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

it.skipIf('error' in consul)(`peers two agents${'error' in consul ? ` (skipped: ${consul.reason})` : ''}`, { timeout: 4 * patienceMs }, async () => {
  if ('error' in consul) return
  await using east = await start(consul.path, 'us-east')
  await using west = await start(consul.path, 'eu-west')
  const [eastRoots, westRoots] = await Promise.all([untilReady(east.api, patienceMs), untilReady(west.api, patienceMs)])
  expect(eastRoots.TrustDomain).toMatch(/^[0-9a-f-]{36}\.consul$/)
  expect(westRoots.TrustDomain).not.toBe(eastRoots.TrustDomain)
  expect(westRoots.Roots.find(({ ID }) => ID === westRoots.ActiveRootID)?.RootCert).toContain('BEGIN CERTIFICATE')
  const { version, envoys } = await west.api.self()
  expect(version).toBe(consul.version)
  expect(envoys).toEqual(expect.arrayContaining([expect.stringMatching(/^1\.\d+\.\d+$/)]))

  await expect(west.api.writeConfigEntry({ Kind: 'service-resolver', Name: 'x', Redirect: { Service: 'y' }, Failover: { '*': { Targets: [{ Peer: 'us-east' }] } } }))
    .rejects.toMatchObject({ code: 'RGT_MESH', details: { found: '500: Redirect and Failover cannot both be set' } })
  expect(await west.api.peering('us-east')).toBeNull()

  await east.api.registerService({ Name: 'cart', ID: 'cart-0', Address: '127.0.0.1', Port: 1, Check: { TTL: '10m', Status: 'passing' }, Connect: { SidecarService: { Port: 2, Checks: [{ Name: 'ready', TTL: '10m', Status: 'passing' }] } } })
  expect((await east.api.health('cart'))[0].Service).toMatchObject({ ID: 'cart-0', Port: 1 })
  expect((await east.api.health('cart', { connect: true }))[0].Service).toMatchObject({ ID: 'cart-0-sidecar-proxy', Port: 2 })
  await east.api.writeConfigEntry({ Kind: 'exported-services', Name: 'default', Services: [{ Name: 'cart', Consumers: [{ Peer: 'eu-west' }] }] })

  const token = await east.api.generatePeeringToken('eu-west', [east.grpcTls])
  // What an agent writes into a token is read by the peer; here only that the addresses given are in it.
  expect(JSON.parse(Buffer.from(token, 'base64').toString())).toMatchObject({ ManualServerAddresses: [east.grpcTls] })
  await west.api.establishPeering('us-east', token)
  await untilImported(west.api, 'us-east', ['cart'], patienceMs)
  await expect(untilImported(west.api, 'us-east', ['cart', 'user'], 0)).rejects.toMatchObject({ details: { found: 'ACTIVE, without user' } })
  expect(await west.api.health('absent')).toEqual([])
})
