// Pure: what a topology becomes in the simulated world. Places, gateways, endpoints and services have numbers;
// addresses exist only so that snapshots, and the keys of targets in them, look as they do everywhere.

import type { Discovery } from '../../../gateway/controlplane/protocol.ts'
import type { PlaceRef, Service, Topology } from '../../topology.ts'

export interface GatewayPlace {
  /** As `x-regatta-gateway` says it: name of the region or edge. */
  name: string
  /** Of its events: `gateway/eu-west`, `edge/frankfurt`. */
  source: string
  role: 'edge' | 'region'
  /** Index of its region; -1 for an edge. */
  region: number
  place: number
  /** Regions whose control planes it asks, in order. */
  planes: string[]
}

/** One replica of a service in a region. */
export interface EndpointPlace { service: number; region: number; replica: number }

export interface WorldLayout {
  /** Regions first, then edges, then client groups. */
  places: PlaceRef[]
  placeOf: ReadonlyMap<PlaceRef, number>
  regions: string[]
  /** Regions' gateways first, in the order of regions, then edges. */
  gateways: GatewayPlace[]
  services: readonly Service[]
  endpoints: EndpointPlace[]
  /** The same by number, and octets of a service's response, for hot paths. */
  endpointRegion: Uint8Array
  endpointService: Int32Array
  serviceBytes: Int32Array
  /** What an address of a snapshot leads to: the gateway of a region, or an endpoint. */
  gatewayAt: ReadonlyMap<string, number>
  endpointAt: ReadonlyMap<string, number>
  discovery: Discovery
}

const eastWestPort = 15443
const firstEndpointPort = 20_000

export function layOutWorld(topology: Topology): WorldLayout {
  const regions = topology.regions.map(({ name }) => name)
  const places: PlaceRef[] = [
    ...regions.map((name): PlaceRef => `region:${name}`),
    ...topology.edges.map(({ name }): PlaceRef => `edge:${name}`),
    ...topology.clients.map(({ name }): PlaceRef => `clients:${name}`),
  ]
  const placeOf = new Map(places.map((ref, index) => [ref, index]))
  const gateways = [
    ...regions.map((name, region): GatewayPlace => ({ name, source: `gateway/${name}`, role: 'region', region, place: region, planes: [name] })),
    ...topology.edges.map(({ name, home }): GatewayPlace => ({
      name, source: `edge/${name}`, role: 'edge', region: -1, place: placeOf.get(`edge:${name}`)!, planes: planesOf(topology, name, home),
    })),
  ]
  const { endpoints, endpointAt, discovered } = layEndpoints(topology, regions)
  const gatewayAt = new Map(regions.map((name, index) => [`${hostOf(name)}:${eastWestPort}`, index]))
  return {
    places, placeOf, regions, gateways, services: topology.services, endpoints, gatewayAt, endpointAt,
    endpointRegion: Uint8Array.from(endpoints, ({ region }) => region),
    endpointService: Int32Array.from(endpoints, ({ service }) => service),
    serviceBytes: Int32Array.from(topology.services, ({ response }) => response.bytes),
    discovery: {
      regions: topology.regions.map(({ name, jurisdiction }) => ({ name, jurisdiction })),
      endpoints: discovered,
      links: linksOf(topology),
    },
  }
}

/** Nearest first after the edge's own home, as the local substrate orders them. */
function planesOf({ links }: Topology, edge: string, home: string): string[] {
  return links.filter(({ from, to }) => from === `edge:${edge}` && to.startsWith('region:'))
    .map(({ to, rttMs }) => ({ region: to.slice('region:'.length), rttMs }))
    .sort((a, b) => Number(b.region === home) - Number(a.region === home) || a.rttMs - b.rttMs)
    .map(({ region }) => region)
}

function hostOf(region: string): string {
  return `${region}.simulated`
}

function layEndpoints(topology: Topology, regions: readonly string[]) {
  const endpoints: EndpointPlace[] = []
  const endpointAt = new Map<string, number>()
  const discovered: Discovery['endpoints'] = {}
  const nextPort = new Array<number>(regions.length).fill(firstEndpointPort)
  topology.services.forEach((service, index) => {
    const byRegion: Discovery['endpoints'][string] = {}
    for (const name of service.regions) {
      const region = regions.indexOf(name)
      byRegion[name] = Array.from({ length: service.replicas }, (_, replica) => {
        const address = { host: hostOf(name), port: nextPort[region]++ }
        endpointAt.set(`${address.host}:${address.port}`, endpoints.push({ service: index, region, replica }) - 1)
        return address
      })
    }
    discovered[service.name] = byRegion
  })
  return { endpoints, endpointAt, discovered }
}

/** From every gateway to the east-west listeners of the other regions, as it dials them. */
function linksOf({ links }: Topology): Discovery['links'] {
  const all: Discovery['links'] = {}
  for (const { from, to, rttMs } of links) {
    const [kind, gateway] = from.split(':')
    if (kind === 'clients' || !to.startsWith('region:')) continue
    const region = to.slice('region:'.length)
    ;(all[gateway] ??= {})[region] = { addresses: [{ host: hostOf(region), port: eastWestPort }], rttMs }
  }
  return all
}
