// A real Consul mesh beside real gateways: requests pass it, plain text does not, and nothing of it is left.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { expect, test } from 'vitest'
import type { HistoryEvent } from '../../history.ts'
import { gatewayConfig } from '../../gateway-config.ts'
import { loadTopology } from '../../load.ts'
import { readMeshUse, withMesh } from '../../meshes/use.ts'
import { findTool } from '../../tools/index.ts'
import { localSubstrate } from './local.ts'

const policy = { allowEmbedded: true, allowInstall: false }

test('a topology comes up with its mesh, serves through it, and leaves nothing', async (context) => {
  for (const name of ['consul', 'envoy']) {
    const found = await findTool(name, policy)
    context.skip('reason' in found, `there is no ${name} here`)
  }
  const topology = withMesh(await loadTopology('two-regions'), readMeshUse('consul'))
  const runDir = mkdtempSync(join(tmpdir(), 'regatta-mesh-'))
  const events: HistoryEvent[] = []
  try {
    const deployment = await localSubstrate.start({
      topology, config: await gatewayConfig(topology), seed: 1, runDir, tools: policy, signal: new AbortController().signal, progress() {},
      history: { event: (event) => void events.push(event), request() {}, attempt() {} },
      options: { gateway: 'reference', collectGarbageEveryMs: 0 },
    })
    const [entry] = deployment.inventory.entries[topology.clients[0].name]
    const { statusCode, body } = await request(`${entry}/catalog/items`, { headers: { host: 'shop.example.com' } })
    await body.dump()
    expect(Object.keys(deployment.inventory.tools)).toEqual(expect.arrayContaining(['consul', 'envoy']))
    expect(meshProcesses().length).toBeGreaterThan(2 * topology.services.length)
    // The history has its zero from here, and with it what was noted before.
    await deployment.run(1_000, new AbortController().signal)
    await deployment[Symbol.asyncDispose]()
    expect(statusCode).toBe(200)
    expect(readdirSync(runDir)).toEqual([])
    const said = events.flatMap((event) => event.kind === 'tool' ? [event.text] : [])
    const sidecars = topology.regions.length * (1 + topology.services.length)
    expect(said).toContain(`${sidecars} sidecars present certificates of their region's trust domain; a foreign certificate is refused`)
    expect(said).toContain(`plain text is refused by all ${sidecars} sidecars`)
    await expect.poll(meshProcesses).toEqual([])
  } finally {
    rmSync(runDir, { recursive: true, force: true })
  }

  /** Command lines that name the folder of this run. */
  function meshProcesses(): string[] {
    return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return line.includes(runDir) && /consul|envoy/.test(line) ? [line] : []
      } catch {
        return []
      }
    })
  }
}, 120_000)
