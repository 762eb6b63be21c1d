// The contenders of the data-plane benchmark: this project's gateway and whatever else is present, each told the same
// one route to the same one upstream by its driver, and the plain upstream as the ceiling.

import { join } from 'node:path'
import type { Driver, Endpoint } from '../../gateway/drivers/driver.ts'
import { drivers } from '../../gateway/drivers/index.ts'
import { defaultHealth, defaultRouteFailover, snapshotFormat, type RouteSampling, type Snapshot } from '../../gateway/snapshot/snapshot.ts'
import { versionOf, type SnapshotContent } from '../../gateway/snapshot/version.ts'
import { findTool } from '../../topologies/tools/index.ts'
import { bundlePrograms } from '../../topologies/substrates/sockets/bundle.ts'
import { writeRendering } from '../../topologies/substrates/local/products.ts'
import type { ToolPolicy } from '../../topologies/substrate.ts'
import { projectRoot } from '../environment.ts'

export const benchHost = 'bench.example.com'

export interface Proxy {
  name: string
  version: string
  command: string
  args: string[]
  port: number
  readiness: Endpoint
}

export interface ProxyAbsent { name: string; reason: string }

export interface ProxyParts { workDir: string; upstreamPort: number; nextPort(): number; tools: ToolPolicy; only: readonly string[] | null; token: string }

export async function findProxies(parts: ProxyParts): Promise<{ present: Proxy[]; absent: ProxyAbsent[] }> {
  const programs = await bundlePrograms()
  const present: Proxy[] = []
  const absent: ProxyAbsent[] = []
  const wanted = (name: string): boolean => parts.only === null || parts.only.includes(name)
  for (const driver of Object.values<Driver>(drivers)) {
    if (driver.tool === null) {
      present.push(rendered(driver, process.execPath, process.version, [programs.gateway], parts))
      continue
    }
    if (!wanted(driver.kind)) continue
    const found = await findTool(driver.tool, parts.tools)
    if ('path' in found) present.push(rendered(driver, found.path, found.version, [], parts))
    else absent.push({ name: driver.kind, reason: found.reason })
  }
  if (wanted('fastify-http-proxy')) present.push(fastifyProxy(parts))
  return { present, absent }
}

function rendered(driver: Driver, command: string, version: string, before: string[], { workDir, upstreamPort, nextPort, token }: ProxyParts): Proxy {
  const at = (port: number) => ({ host: '127.0.0.1', port })
  const [ingress, admin] = [nextPort(), nextPort()]
  const stateDir = join(workDir, driver.kind)
  const rendering = driver.render(oneRoute(upstreamPort), {
    listen: { ingress: at(ingress), eastWest: null, admin: at(admin) }, stateDir, tuning: 'tuned', seed: 1,
    // Nobody pins here, and products must not pay for asking.
    token: driver.tool === null ? token : null,
  })
  writeRendering(rendering, stateDir)
  return { name: driver.kind, version, command, args: [...before, ...rendering.argv], port: ingress, readiness: rendering.readiness }
}

function fastifyProxy({ upstreamPort, nextPort }: ProxyParts): Proxy {
  const port = nextPort()
  return {
    name: 'fastify-http-proxy', version: process.version, port, command: process.execPath,
    args: [join(projectRoot, 'scripts', 'bench', 'programs', 'fastify-proxy.ts'), String(port), String(upstreamPort)],
    readiness: { address: { host: '127.0.0.1', port }, path: '/' },
  }
}

/** A region's gateway with one service of one endpoint. */
export function oneRoute(upstreamPort: number, sampling?: RouteSampling): Snapshot {
  const content: SnapshotContent = {
    format: snapshotFormat, gateway: { name: 'bench', role: 'region', region: 'here' }, health: defaultHealth,
    regions: [{ name: 'here', jurisdiction: 'EU', rttMs: 0, links: [] }],
    routes: [{
      id: 'bench/all/0', hostnames: [benchHost], filters: [], createdAt: '',
      matches: [{ path: { type: 'PathPrefix', value: '/' }, method: null, headers: [], query: [] }],
      backends: [{ service: 'bench/upstream:80', weight: 1, filters: [] }],
      timeouts: { requestMs: 3000, backendRequestMs: 0 }, failover: defaultRouteFailover, residency: { allowed: null, reason: '' },
      ...(sampling === undefined ? {} : { sampling }),
    }],
    services: [{ name: 'bench/upstream:80', endpoints: [{ host: '127.0.0.1', port: upstreamPort }], remoteRegions: [] }],
  }
  return { ...content, revision: 1, version: versionOf(content) }
}
