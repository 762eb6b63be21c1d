// What a topology becomes on clusters: every link has one entry and one way, nothing crosses regions but through them,
// and no port is given twice.

import { expect, test } from 'vitest'
import { loadTopology } from '../../load.ts'
import { layOutClusters, linkEntries, portsNeeded, publishLinks, type LayoutRequest } from './layout.ts'
import { fixedNodePorts, podPorts } from './manifests/region.ts'

async function lay(name = 'three-regions', change: Partial<LayoutRequest> = {}) {
  const topology = await loadTopology(name)
  let next = 15_000
  const given: number[] = []
  const ports = { next: () => { given.push(next); return next++ } }
  const published = publishLinks(topology, ports)
  const layout = layOutClusters({
    topology, run: 'regatta-abc', ports, token: 'secret', seed: 7, images: { gateway: 'g:1', testbed: 't:1' }, namespacePrefix: null, nodePorts: fixedNodePorts,
    linksAddress: '198.18.0.9', configNamespaces: ['shop'], mesh: null, ...change,
  }, published)
  return { topology, published, layout, given }
}

test('each link of the topology is an entry, and the control channel of an edge one more', async () => {
  const { topology, layout } = await lay()
  const reach = Object.fromEntries(topology.regions.map(({ name }) => [name, { host: `node-${name}`, nodePorts: fixedNodePorts }]))
  const entries = linkEntries(layout.links, layout.edges, reach)
  // Connections are opened by clients, by edges, and by gateways of regions; back they travel on the same entry.
  const opened = topology.links.filter(({ from, to }) => from.startsWith('clients:') || to.startsWith('region:'))
  for (const { from, to } of opened) expect(entries.filter((entry) => entry.from === from && entry.to === to && entry.channel === 'data').length, `${from} → ${to}`).toBe(1)
  const controls = entries.filter(({ channel }) => channel === 'control').map(({ from, to }) => `${from} ${to}`)
  expect(controls.length).toBe(topology.edges.length * topology.regions.length)
  for (const { from, to, channel, upstream } of entries) {
    const [kind, name] = to.split(':')
    if (kind === 'edge') expect(upstream).toEqual({ host: `regatta-abc-edge-${name}`, port: podPorts.ingress })
    else {
      const port = channel === 'control' ? fixedNodePorts.controlPlane : from.startsWith('clients:') ? fixedNodePorts.ingress : fixedNodePorts.eastWest
      expect(upstream, `${from} → ${to}`).toEqual({ host: `node-${name}`, port })
    }
  }
  const inside = entries.map(({ listen }) => listen.port)
  expect(new Set(inside).size).toBe(inside.length)
})

test('gateways and edges know other regions by their links only', async () => {
  const { layout } = await lay()
  const listening = new Map(layout.links.map(({ insidePort, from, to, channel }) => [insidePort, `${from} ${to} ${channel}`]))
  for (const { region, controlPlane } of layout.regions) {
    for (const [gateway, byRegion] of Object.entries(controlPlane.discovery.links)) {
      for (const [to, { addresses }] of Object.entries(byRegion)) {
        expect(addresses[0].host).toBe('198.18.0.9')
        expect(listening.get(addresses[0].port)).toMatch(new RegExp(`^(edge|region):${gateway} region:${to} data$`))
      }
    }
    // Its own endpoints are watched; of the others it is known only that they are there.
    for (const endpoints of Object.values(controlPlane.discovery.endpoints)) {
      expect(endpoints[region]).toEqual([])
      expect(Object.keys(endpoints).length).toBe(3)
    }
  }
  for (const { name, bootstrap } of layout.edges) {
    expect(bootstrap.controlPlanes.map(({ port }) => listening.get(port))).toEqual(expect.arrayContaining([expect.stringMatching(`^edge:${name} .* control$`)]))
    expect(bootstrap.controlPlanes.length).toBe(3)
  }
})

test('ports of this machine are as many as were reserved, each once', async () => {
  const { topology, published, layout, given } = await lay('fifteen-regions')
  // Two a region are the starter's to take.
  expect(given.length + 2 * topology.regions.length).toBe(portsNeeded(topology))
  const mapped = [published.apiPort, ...published.links.map(({ port }) => port), ...layout.edges.map(({ adminPort }) => adminPort)]
  expect(new Set(mapped).size).toBe(mapped.length)
  for (const { edges, regions } of Object.values(layout.waysIn)) {
    for (const { host, port } of [...Object.values(edges), ...Object.values(regions)]) {
      expect(host).toBe('127.0.0.1')
      expect(mapped).toContain(port)
    }
  }
})

test('replica i of every service of a namespace is in pod i, at the same port in each', async () => {
  const { topology } = await lay()
  const services = topology.services.map((service, index) => ({ ...service, replicas: index === 0 ? 2 : 1 }))
  const { layout } = await lay('three-regions', { topology: { ...topology, services } })
  const pods = layout.regions[0].services
  expect(pods.map(({ name }) => name)).toEqual(['services-shop-0', 'services-shop-1'])
  expect(pods[0].bootstrap.endpoints.length).toBe(4)
  expect(pods[1].bootstrap.endpoints.map(({ service, replica, port }) => ({ service, replica, port })))
    .toEqual([{ service: services[0].name, replica: 1, port: pods[0].bootstrap.endpoints[0].port }])
})

test('in clusters of others every namespace is the run\'s own', async () => {
  const { layout } = await lay('three-regions', { namespacePrefix: 'regatta-abc', nodePorts: null, configNamespaces: ['shop', 'infra'] })
  expect(layout.regions[0].namespaces).toEqual({ system: 'regatta-abc-system', ofConfig: { shop: 'regatta-abc-shop', infra: 'regatta-abc-infra' } })
  expect(layout.regions[0].gateway.controlPlanes).toEqual([{ host: 'control-plane.regatta-abc-system.svc.cluster.local', port: podPorts.controlPlane }])
  expect(layout.regions[0].controlPlane.kubernetes?.namespaces).toEqual(layout.regions[0].namespaces.ofConfig)
})
