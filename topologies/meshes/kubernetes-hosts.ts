// Services as a mesh of Kubernetes sees them: one host a Kubernetes Service, whatever its ports. What holds for a host is
// the strictest of what holds for its ports, because nothing finer can be said to a mesh.

import { createHash } from 'node:crypto'
import { topologyError } from '../errors.ts'
import { parseServiceName, type ServiceName } from '../service-name.ts'
import type { Service, Topology } from '../topology.ts'
import type { Reach } from './reach.ts'

const longestLabel = 63

/** The ports of one Kubernetes Service. */
export interface MeshHost {
  /** `namespace/name` of the topology. */
  key: string
  namespace: string
  name: string
  /** By port. */
  services: { service: Service; port: number }[]
}

const dnsLabels = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?\/[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?:\d+$/

/** Throws RGT_UNSUPPORTED: a mesh of Kubernetes needs names that Kubernetes takes. */
export function kubernetesName(service: string): ServiceName {
  if (dnsLabels.test(service)) return parseServiceName(service)
  throw topologyError('RGT_UNSUPPORTED', `service ${service} cannot stand in a mesh of Kubernetes`, { expected: 'NAMESPACE/NAME:PORT with names that are DNS labels (RFC 1035)', found: service })
}

/** Sorted by key; ports sorted. */
export function hostsOf({ services }: Pick<Topology, 'services'>): MeshHost[] {
  const hosts = new Map<string, MeshHost>()
  for (const service of services) {
    const { namespace, name, port } = kubernetesName(service.name)
    const key = `${namespace}/${name}`
    if (!hosts.has(key)) hosts.set(key, { key, namespace, name, services: [] })
    hosts.get(key)!.services.push({ service, port })
  }
  const sorted = [...hosts.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  for (const host of sorted) host.services.sort((a, b) => a.port - b.port)
  return sorted
}

export function runsIn({ services }: MeshHost, region: string): boolean {
  return services.some(({ service }) => service.regions.includes(region))
}

/** Regions that may stand in for this one, nearest first: those that every port of the host there may fail over to. */
export function targetsOf(reach: Reach, region: string, { services }: MeshHost): string[] {
  const [first, ...rest] = services.filter(({ service }) => service.regions.includes(region)).map(({ service }) => reach.failoverTargets(region, service))
  return first === undefined ? [] : first.filter((name) => rest.every((targets) => targets.includes(name)))
}

/**
 * The same, or none: a mesh that joins clusters sees all that run a host, and cannot leave one of them out. So where any of
 * them is no target, or runs a port of the host against the law, the host stays at home.
 */
export function joinedTargets(reach: Reach, region: string, host: MeshHost): string[] {
  const targets = targetsOf(reach, region, host)
  const joined = host.services.every(({ service }) => service.regions.every((name) => name === region || (targets.includes(name) && reach.serves(name, service))))
  return joined ? targets : []
}

/** `NAME-PORT`, shortened to a DNS label (RFC 1035: 63 at most) by a hash of the whole where it must be; `room` is left behind it. */
export function labelOf({ name }: Pick<MeshHost, 'name'>, port: number, room = 0): string {
  const whole = `${name}-${port}`
  if (whole.length <= longestLabel - room) return whole
  const hash = createHash('sha256').update(whole).digest('hex').slice(0, 8)
  return `${whole.slice(0, longestLabel - room - 1 - hash.length)}-${hash}`
}
