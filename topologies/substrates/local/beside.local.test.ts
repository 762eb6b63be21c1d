// Two topologies beside each other, one behind the embedded fault proxy: both serve, a fault in one is none in the
// other, and no control port of either lets a stranger in.

import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gatewayConfig } from '../../gateway-config.ts'
import { loadTopology } from '../../load.ts'
import { Recording, streamOf } from '../../substrate-tour.case.ts'
import type { Deployment, ToolPolicy } from '../../substrate.ts'
import { cleanUp, scratch } from '../sockets/child.case.ts'
import { localSubstrate } from './local.ts'
import { claims } from '../sockets/ownership.ts'

interface Held { deployment: Deployment; record: Recording; runDir: string }
let held: Held[] = []

async function hold(tools: ToolPolicy): Promise<Held> {
  const record = new Recording()
  const runDir = scratch()
  const topology = await loadTopology('three-regions')
  const deployment = await localSubstrate.start({
    topology, config: await gatewayConfig(topology), seed: 1, runDir, history: record, signal: new AbortController().signal, tools,
    progress: () => {}, options: { gateway: 'reference', collectGarbageEveryMs: 0 },
  })
  return { deployment, record, runDir }
}

beforeAll(async () => {
  held = await Promise.all([
    // A path that leads nowhere: the embedded proxy stands in, and the inventory says why.
    hold({ allowEmbedded: true, allowInstall: false, explicit: { toxiproxy: '/nowhere/at/all' } }),
    hold({ allowEmbedded: true, allowInstall: false }),
  ])
})
afterAll(async () => {
  await Promise.all(held.map(({ deployment }) => deployment[Symbol.asyncDispose]()))
  cleanUp()
  expect(claims().filter(({ owner }) => owner.pid === process.pid)).toEqual([])
})

test('a stand-in says why it stands in, and a tool that has to be real is an error that leaves nothing', async () => {
  expect(held[0].deployment.inventory.tools.toxiproxy).toMatchObject({ origin: 'embedded', reason: expect.stringContaining('/nowhere/at/all') as string })
  const mine = (): number => claims().filter(({ owner }) => owner.pid === process.pid).length
  const before = mine()
  await expect(hold({ allowEmbedded: false, allowInstall: false, explicit: { toxiproxy: '/nowhere/at/all' } })).rejects.toMatchObject({ code: 'RGT_TOOL_MISSING' })
  expect(mine()).toBe(before)
})

interface ControlPort { name: string; port: number; token: string; path: string }

/** Every control port of a run, from what its processes were told at birth. */
function controlPorts({ runDir, deployment }: Held): ControlPort[] {
  const work = join(runDir, 'work')
  const ports = readdirSync(work).filter((file) => file.endsWith('.bootstrap.json')).map((file): ControlPort => {
    const { token, listen, control } = JSON.parse(readFileSync(join(work, file), 'utf8')) as {
      token: string; listen?: { port: number; admin?: { port: number } }; control?: { port: number }
    }
    const name = file.replace('.bootstrap.json', '')
    if (control !== undefined) return { name, token, port: control.port, path: '/status' }
    return listen?.admin === undefined ? { name, token, port: listen!.port, path: '/v1/status' } : { name, token, port: listen.admin.port, path: '/status' }
  })
  if (deployment.inventory.tools.toxiproxy.origin !== 'embedded') return ports
  const { listen, token } = JSON.parse(readFileSync(join(work, 'fault-proxy.json'), 'utf8')) as { listen: { port: number }; token: string }
  return [...ports, { name: 'fault-proxy', token, port: listen.port, path: '/proxies' }]
}

const statusOf = ({ port, path }: ControlPort, headers: Record<string, string>): Promise<number> => new Promise((resolve, reject) => {
  request({ host: '127.0.0.1', port, path, headers }, (response) => { response.resume(); resolve(response.statusCode!) }).once('error', reject).end()
})

test('every control port refuses without the token, with another run’s, and under a foreign name', async () => {
  const [first, second] = held.map(controlPorts)
  // Six gateways, three control planes, three regions of services; and the embedded fault proxy.
  expect([first.length, second.length]).toEqual([13, 12])
  const other = second[0].token
  for (const at of first) {
    expect(at.token).not.toBe(other)
    expect([at.name, await statusOf(at, { 'x-regatta-token': at.token })]).toEqual([at.name, 200])
    const strangers: Record<string, string>[] = [{}, { 'x-regatta-token': other }, { 'x-regatta-token': '' }, { 'x-regatta-token': at.token, host: `rebound.example:${at.port}` }]
    for (const headers of strangers) {
      expect([401, 403], `${at.name} ${JSON.stringify(headers)}`).toContain(await statusOf(at, headers))
    }
  }
})

test('a fault in one is none in the other', async () => {
  for (const { deployment } of held) {
    deployment.drive({ name: 'witness', source: 'witness', engine: 'open-loop', fromUs: 0, toUs: 2_500_000,
      streams: [streamOf('europe', { pinned: 'eu-west', arrivals: 'constant', ratePerSecond: 10, timeoutMs: 500 })] })
  }
  held[0].deployment.at(500_000, { kind: 'apply', fault: 'freeze', index: 0, primitive: { kind: 'pause', at: [{ region: 'eu-west', parts: ['gateway', 'services'] }] } })
  await Promise.all(held.map(({ deployment }) => deployment.run(2_500_000, new AbortController().signal)))
  const [faulted, quiet] = held.map(({ record }) => record.rows.filter(({ scheduledUs }) => scheduledUs > 700_000).map(({ outcome }) => outcome))
  expect(faulted.length).toBe(quiet.length)
  expect(faulted).not.toContain('ok')
  expect(new Set(quiet)).toEqual(new Set(['ok']))
})
