// What stands outside every region: the container of the fault proxy, whose entries are the links, and a container for
// each edge. A region that dies takes none of them along.

import { topologyError } from '../../errors.ts'
import { connectFaultProxy, type FaultProxy } from '../sockets/faultproxy/index.ts'
import type { Docker } from './docker/docker.ts'
import { linksApiPort, stateDir, type EdgePlan, type PublishedLinks } from './layout.ts'
import { bootstrapFolder, podPorts, programFolder, runLabel } from './manifests/region.ts'

export interface Outside {
  run: string
  network: string
  docker: Docker
  token: string
  labels: Record<string, string>
  /** Noted before it is made. */
  claimContainer(name: string): void
}

export interface LinksContainer { name: string; address: string }

const memoryBytes = 256 * 1024 * 1024

/** Starts the fault proxy's container; what it is to carry is laid when regions and edges are there. */
export async function startLinks(
  outside: Outside, image: string, { apiPort, links }: PublishedLinks, { toxiproxy, seed }: { toxiproxy: boolean; seed: number },
): Promise<LinksContainer> {
  const { run, network, docker, token, labels } = outside
  const name = `${run}-links`
  const file = `${bootstrapFolder}/fault-proxy.json`
  outside.claimContainer(name)
  await docker.run({
    name, image, network, labels: { ...labels, [runLabel]: run }, memoryBytes, keepInput: true,
    command: toxiproxy
      ? ['toxiproxy-server', '-host', '0.0.0.0', '-port', String(linksApiPort)]
      : ['node', `${programFolder}/fault-proxy.mjs`, file],
    // Toxiproxy dials in its accept loop: a pod that is gone, and answers nothing, would hold up a link for two minutes. On
    // the network of one machine a connection that is not made at once is not made at all.
    sysctls: { 'net.ipv4.tcp_syn_retries': '1' },
    // It would log every accepted connection; and at some hundred requests a second a second thread costs more in wake-ups
    // than it carries.
    ...(toxiproxy ? { environment: { LOG_LEVEL: 'error', GOMAXPROCS: '1' } } : {}),
    files: toxiproxy ? {} : { [file]: JSON.stringify({ listen: { host: '0.0.0.0', port: linksApiPort }, token, seed }) },
    publish: [{ inside: linksApiPort, port: apiPort }, ...links.map(({ link, port }) => ({ inside: link.insidePort, port }))],
  })
  return { name, address: await docker.addressOf(name, network) }
}

/** Waits for the fault proxy's API. Its container is removed by whoever started it. */
export function connectLinks({ docker, token }: Outside, { name }: LinksContainer, apiPort: number, toxiproxy: boolean): Promise<FaultProxy> {
  let last = ''
  let over = false
  const following = docker.follow(name, (line) => { last = line })
  void following.ended.then(() => { over = true })
  return connectFaultProxy({
    kind: toxiproxy ? 'toxiproxy' : 'embedded', apiPort, token,
    ended: () => (over ? last || 'the container ended' : null), said: () => last,
    end: async () => following.stop(),
  })
}

export async function startEdge(outside: Outside, image: string, { container, adminPort, bootstrap }: EdgePlan): Promise<void> {
  const { run, network, docker, labels } = outside
  const file = `${bootstrapFolder}/bootstrap.json`
  outside.claimContainer(container)
  await docker.run({
    name: container, image, network, labels: { ...labels, [runLabel]: run }, memoryBytes, keepInput: true,
    command: ['node', '--expose-gc', `${programFolder}/gateway.mjs`, file],
    files: { [file]: JSON.stringify(bootstrap) }, state: [stateDir],
    publish: [{ inside: podPorts.admin, port: adminPort }],
  })
}

/** Existing clusters are reached over a network that must be there. Throws RGT_DOCKER. */
export async function knownNetwork(exists: (name: string) => Promise<boolean>, name: string): Promise<string> {
  if (await exists(name)) return name
  throw topologyError('RGT_DOCKER', `there is no Docker network ${name}`, {
    expected: 'the network on which the nodes of the existing clusters are', found: `none called ${name}`, hint: 'name it: --network NAME (kind\'s own is called kind)',
  })
}
