// Real gateways beside a real Consul mesh, all told of the same access policies: they agree, and when somebody changes the
// mesh's rules behind the gateways' back the check says where, and a start ends.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, test, vi, type TestContext } from 'vitest'
import { gatewayConfig } from '../../gateway-config.ts'
import type { HistoryEvent } from '../../history.ts'
import { loadTopology } from '../../load.ts'
import { openConsulApi } from '../../meshes/consul/api.ts'
import { gatewayName } from '../../meshes/consul/plan-names.ts'
import type { ServiceIntentions } from '../../meshes/consul/entries.ts'
import { readMeshUse, withMesh } from '../../meshes/use.ts'
import type { Deployment } from '../../substrate.ts'
import { findTool } from '../../tools/index.ts'
import { claims } from '../sockets/ownership.ts'
import type { ProofRequest, proveAgreement } from './agreement.ts'
import { localSubstrate } from './local.ts'

/** What a start asks to be proven, and what a test does just before. */
const proof = vi.hoisted(() => ({ request: null as unknown, before: null as unknown, prove: null as unknown }))
vi.mock(import('./agreement.ts'), async (original) => {
  const real = await original()
  proof.prove = real.proveAgreement
  return { ...real, async proveAgreement(request: ProofRequest) {
    proof.request = request
    await (proof.before as ((request: ProofRequest) => Promise<void>) | null)?.(request)
    return real.proveAgreement(request)
  } }
})
beforeEach(() => { proof.before = null })

const policy = { allowEmbedded: true, allowInstall: false }
const prove = (): ReturnType<typeof proveAgreement> => (proof.prove as typeof proveAgreement)(proof.request as ProofRequest)

async function needTools(context: TestContext): Promise<void> {
  for (const name of ['consul', 'envoy']) {
    const found = await findTool(name, policy)
    context.skip('reason' in found, `there is no ${name} here`)
  }
}

async function start(mesh: string, runDir: string, events: HistoryEvent[]): Promise<Deployment> {
  const topology = withMesh(await loadTopology('two-regions-access'), readMeshUse(mesh))
  return localSubstrate.start({
    topology, config: await gatewayConfig(topology), seed: 1, runDir, tools: policy, signal: new AbortController().signal, progress() {},
    history: { event: (event) => void events.push(event), request() {}, attempt() {} },
    options: { gateway: 'reference', collectGarbageEveryMs: 0 },
  })
}

/** The standing intentions of a service in a region, as `change` makes them. */
async function meddle({ plan, signal }: ProofRequest, service: string, change: (entry: ServiceIntentions) => ServiceIntentions): Promise<void> {
  const [{ region, agent: { http }, entries }] = plan.regions
  const standing = [...entries.first, ...entries.oncePeered].findLast((entry): entry is ServiceIntentions => entry.Kind === 'service-intentions' && entry.Name === plan.names.get(service))!
  const api = openConsulApi({ region, http, signal })
  await api.writeConfigEntry(change(standing))
  await api.close()
}

const opened = (entry: ServiceIntentions): ServiceIntentions => ({ ...entry, Sources: entry.Sources.map(({ Name, Peer }) => ({ Name, ...(Peer === undefined ? {} : { Peer }), Action: 'allow' })) })
/** Consul's own prefixes: of characters, and of paths as they come. */
const byCharacters = (entry: ServiceIntentions): ServiceIntentions => ({ ...entry, Sources: entry.Sources.map((source) => ({
  ...source, Permissions: [{ Action: 'allow', HTTP: { PathPrefix: '/accounts', Methods: ['GET', 'HEAD', 'PUT'] } as object }],
})) })
const without = (name: string) => (entry: ServiceIntentions): ServiceIntentions => ({ ...entry, Sources: entry.Sources.filter(({ Name }) => Name !== name) })

test('gateway, mesh and policy agree, until somebody changes the rules of the mesh', async (context) => {
  await needTools(context)
  const runDir = mkdtempSync(join(tmpdir(), 'regatta-agreement-'))
  const events: HistoryEvent[] = []
  try {
    // The mesh owns failover, so its rules name callers of peers, too.
    await using deployment = await start('consul:tuned', runDir, events)
    // The record begins with the run's zero.
    await deployment.run(1000, new AbortController().signal)
    const told = events.flatMap((event) => event.kind === 'tool' && event.text.startsWith('policy agrees') ? [Number(/\d+/.exec(event.text))] : [])
    expect(told).toHaveLength(1)
    expect(told[0]).toBeGreaterThan(1000)

    const request = proof.request as ProofRequest
    const [{ region }] = request.plan.regions
    // Proxies hear of a change some time after it was made.
    const expectAfter = async (change: (entry: ServiceIntentions) => ServiceIntentions, wanted: string): Promise<void> => {
      await meddle(request, 'shop/accounts:8080', change)
      await expect.poll(() => prove().then((cells) => `${cells} agree`, String), { timeout: 60_000 }).toContain(wanted)
    }
    await expectAfter(opened, `${region}: shop/accounts:8080, gateway, GET /: policy shut, gateway elsewhere, mesh open`)
    await expectAfter(byCharacters, 'GET /accountsx: policy shut, gateway elsewhere, mesh open')
    await expectAfter(without(request.plan.names.get('shop/checkout:8080')!), 'service:shop/checkout, GET /accounts: policy open, gateway elsewhere, mesh shut')
    await expectAfter(without(gatewayName), 'gateway, GET /accounts: policy open, gateway stopped, mesh shut')
    await expectAfter((entry) => entry, `${told[0]} agree`)
  } finally {
    rmSync(runDir, { recursive: true, force: true })
  }
}, 400_000)

test('a start ends when they disagree, and leaves nothing', async (context) => {
  await needTools(context)
  const runDir = mkdtempSync(join(tmpdir(), 'regatta-agreement-'))
  proof.before = (request: ProofRequest) => meddle(request, 'shop/catalog:8080', opened)
  try {
    await expect(start('consul', runDir, [])).rejects.toMatchObject({ code: 'RGT_MESH_POLICY', details: { found: expect.stringContaining('shop/catalog:8080') } })
    expect(existsSync(join(runDir, 'work'))).toBe(false)
    expect(claims().filter(({ owner }) => owner.pid === process.pid)).toEqual([])
  } finally {
    rmSync(runDir, { recursive: true, force: true })
  }
}, 180_000)
