// Other gateways in the edge role: a driver renders what the control plane would have sent to the edge, and the
// product's own process serves it. Region gateways stay the reference behind the same fault proxies, so what is
// compared is the failover of the edge alone.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { federate, fromObjects } from '../../../gateway/config/federate.ts'
import type { Discovery } from '../../../gateway/controlplane/protocol.ts'
import type { GatewayBootstrap } from '../../../gateway/dataplane/bootstrap.ts'
import type { Driver, Endpoint, Rendering, Tuning } from '../../../gateway/drivers/driver.ts'
import { findGateway } from '../../../gateway/drivers/index.ts'
import { systemClock } from '../../../gateway/runtime.ts'
import { compileSnapshot } from '../../../gateway/snapshot/compile.ts'
import { topologyError } from '../../errors.ts'
import type { ConfigDocument, Inventory, StartRequest } from '../../substrate.ts'
import type { Journal } from '../sockets/journal.ts'
import type { Layout } from './layout.ts'
import type { Supervisor } from '../sockets/processes.ts'
import type { Publisher } from '../sockets/publisher.ts'
import { needTool } from '../sockets/run-tools.ts'

export interface Product {
  driver: Driver
  tuning: Tuning
  /** Path of the tool. */
  command: string
}

/**
 * The product that `--gateway` names; null for the reference. Nothing stands in for a product under test.
 * Throws RGT_DRIVER_UNKNOWN, and RGT_TOOL_MISSING and its kin.
 */
export async function findProduct(request: StartRequest, inventory: Inventory): Promise<Product | null> {
  const { driver, tuning } = findGateway(request.options.gateway)
  if (driver.tool === null) return null
  return { driver, tuning, command: (await needTool(driver.tool, request, inventory)).path }
}

/** The layout without the edges that the product takes over. */
export function takeEdges(layout: Layout, product: Product | null): { layout: Layout; edges: GatewayBootstrap[] } {
  if (product === null) return { layout, edges: [] }
  return {
    layout: { ...layout, gateways: layout.gateways.filter(({ role }) => role === 'region') },
    edges: layout.gateways.filter(({ role }) => role === 'edge'),
  }
}

export interface EdgeParts {
  product: Product
  edges: GatewayBootstrap[]
  documents: ConfigDocument[]
  discovery: Discovery
  supervisor: Supervisor
  journal: Journal
  readyTimeoutMs: number
}

/** Starts every edge and resolves when all serve. Throws RGT_DRIVER_UNSUPPORTED, RGT_PROCESS_EXIT, RGT_SUBSTRATE_START. */
export async function startEdges({ product, edges, documents, discovery, supervisor, journal, readyTimeoutMs }: EdgeParts): Promise<void> {
  const config = federate(fromObjects(documents, 'config'))
  await Promise.all(edges.map(async ({ name, role, region, listen, stateDir, token, seed }) => {
    const snapshot = compileSnapshot(config, { gateway: { name, role, region }, discovery }, 1)
    const rendering = product.driver.render(snapshot, { listen, stateDir, token, seed, tuning: product.tuning })
    writeRendering(rendering, stateDir)
    const process = `edge/${name}`
    supervisor.start({ name: process, command: product.command, args: rendering.argv })
    for (const text of rendering.limits) journal.note({ kind: 'tool', tool: process, text: `${product.driver.kind}: ${text}` })
    await untilReady(rendering.readiness, { exited: supervisor.ended(process), stderr: () => supervisor.lastWords(process), name: process, timeoutMs: readyTimeoutMs })
  }))
}

export function writeRendering({ files }: Rendering, stateDir: string): void {
  mkdirSync(stateDir, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(stateDir, name), text, { mode: 0o600 })
}

export interface Waiting { name: string; exited: Promise<number | null>; stderr(): string; timeoutMs: number }

const pollMs = 20

/** Ready when it answers with the status `serving`. Throws RGT_PROCESS_EXIT when the process ends first, RGT_SUBSTRATE_START when it takes too long. */
export async function untilReady({ address, path, headers }: Endpoint, { name, exited, stderr, timeoutMs }: Waiting, serving = 200): Promise<void> {
  let ended: { code: number | null } | null = null
  void exited.then((code) => { ended = { code } })
  const untilUs = systemClock.nowUs() + timeoutMs * 1000
  while (systemClock.nowUs() < untilUs) {
    if (ended !== null) {
      throw topologyError('RGT_PROCESS_EXIT', `${name} ended with exit code ${(ended as { code: number | null }).code} before it was ready`, { found: stderr() })
    }
    const status = await fetch(`http://${address.host}:${address.port}${path}`, { headers: headers ?? {}, signal: AbortSignal.timeout(1000) })
      .then(async (response) => { await response.arrayBuffer(); return response.status }, () => 0)
    if (status === serving) return
    await new Promise((resolve) => { setTimeout(resolve, pollMs) })
  }
  throw topologyError('RGT_SUBSTRATE_START', `${name} was not ready after ${timeoutMs} ms`, { found: stderr() })
}

/** A product knows nothing of our control planes: what it was started with is what it serves. */
export function fixedPublisher(publisher: Publisher, product: Product | null): Publisher {
  if (product === null) return publisher
  return {
    ...publisher,
    publish: () => Promise.reject(topologyError('RGT_UNSUPPORTED', `${product.driver.kind} at the edge cannot be given new configuration while it serves`, {
      expected: 'a scenario without changes of configuration', hint: 'run it on the reference gateway',
    })),
  }
}
