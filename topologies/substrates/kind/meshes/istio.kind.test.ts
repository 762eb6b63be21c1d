// Real gateways beside a real Istio mesh on clusters, told of the same access policies: they agree, requests pass the mesh with
// their trace context, and when somebody changes the mesh's rules behind the gateways' back the check says where.
//
// What the mesh is installed from is told as to runs, by REGATTA_MESH_HUB, _TAG, _CHARTS and _VALUES.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request as ask } from 'undici'
import { expect, test, vi } from 'vitest'
import { parse } from 'yaml'
import { gatewayConfig } from '../../../gateway-config.ts'
import type { HistoryEvent } from '../../../history.ts'
import { loadTopology } from '../../../load.ts'
import { readMeshUse, withMesh } from '../../../meshes/use.ts'
import { findTool } from '../../../tools/index.ts'
import { echoHeaders } from '../../sockets/services/endpoint.ts'
import { kindGround } from '../kind.case.ts'
import { kindSubstrate } from '../kind.ts'
import type { AgreementProof, proveAgreement } from './istio-agreement.ts'

/** What a start asks to be proven. */
const proof = vi.hoisted(() => ({ request: null as unknown, prove: null as unknown }))
vi.mock(import('./istio-agreement.ts'), async (original) => {
  const real = await original()
  proof.prove = real.proveAgreement
  return { ...real, proveAgreement(request: AgreementProof) {
    proof.request = request
    return real.proveAgreement(request)
  } }
})

const { REGATTA_MESH_HUB: hub, REGATTA_MESH_TAG: tag, REGATTA_MESH_CHARTS: charts, REGATTA_MESH_VALUES: values } = process.env

/** Nothing is pulled for a test. */
async function missing(): Promise<string | null> {
  if ('missing' in kindGround) return kindGround.missing
  const helm = await findTool('helm', { allowEmbedded: true, allowInstall: false })
  if ('reason' in helm) return `there is no helm (${helm.reason})`
  if (hub === undefined || tag === undefined || charts === undefined) return 'REGATTA_MESH_HUB, _TAG and _CHARTS do not say where Istio is'
  return execFileSync('docker', ['images', '--quiet', `${hub}/pilot:${tag}`], { encoding: 'utf8' }) === '' ? `the image ${hub}/pilot:${tag} is not in Docker` : null
}

const trace = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', tracestate: 'vendor=opaque', baggage: 'tenant=a' }

test('policy agrees and traces pass, until somebody changes the rules of the mesh', async (context) => {
  const why = await missing()
  context.skip(why !== null, why ?? '')
  const topology = withMesh(await loadTopology('two-regions-access'), readMeshUse('istio:tuned'))
  const runDir = mkdtempSync(join(tmpdir(), 'regatta-istio-'))
  const events: HistoryEvent[] = []
  const nodeImage = 'missing' in kindGround ? null : kindGround.nodeImage
  try {
    await using deployment = await kindSubstrate.start({
      topology, config: await gatewayConfig(topology), seed: 1, runDir, tools: { allowEmbedded: true, allowInstall: false }, signal: new AbortController().signal, progress() {},
      history: { event: (event) => void events.push(event), request() {}, attempt() {} },
      options: {
        gateway: 'reference', collectGarbageEveryMs: 0,
        clusters: { ...(nodeImage === null ? {} : { nodeImage }), mesh: { hub: hub!, tag: tag!, charts: charts!, values: values === undefined ? {} : parse(readFileSync(values, 'utf8')) as Record<string, unknown> } },
      },
    })
    await deployment.run(1000, new AbortController().signal)
    const told = events.flatMap((event) => (event.kind === 'tool' && event.tool === 'istio' ? [event.text] : []))
    expect(told).toEqual([expect.stringMatching(/^plain text is refused by all [1-9]\d* ports/), expect.stringMatching(/agree in all \d{4} cells$/)])

    const [entry] = deployment.inventory.entries[topology.clients[0].name]
    const { statusCode, body } = await ask(`${entry}/accounts/7`, { headers: { host: 'shop.example.com', [echoHeaders]: [...Object.keys(trace), 'x-forwarded-client-cert'].join(), ...trace } })
    const { received: headers } = await body.json() as { received: [name: string, value: string][] }
    expect(statusCode).toBe(200)
    expect(headers.filter(([name]) => name in trace)).toEqual(expect.arrayContaining(Object.entries(trace)))
    expect(headers.filter(([name]) => name === 'traceparent')).toHaveLength(1)
    expect(headers.map(([name]) => name)).toContain('x-forwarded-client-cert')

    const request = proof.request as AgreementProof
    const [{ region, api }] = request.grounds
    await api.patch({ apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', namespace: 'shop', name: 'accounts-8080' }, { spec: { rules: [{}] } })
    const prove = proof.prove as typeof proveAgreement
    await expect.poll(() => prove(request).then((cells) => `${cells} agree`, String), { timeout: 120_000 }).toMatch(new RegExp(`${region}: shop/accounts:8080, gateway, GET /: policy shut, gateway \\w+, mesh open`))
  } finally {
    rmSync(runDir, { recursive: true, force: true })
  }
}, 600_000)
