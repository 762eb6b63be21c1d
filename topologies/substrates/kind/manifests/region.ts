// What one region's cluster is asked to run: the input of every manifest here, and names that others refer to.

import type { ControlPlaneBootstrap } from '../../../../gateway/controlplane/protocol.ts'
import type { GatewayBootstrap } from '../../../../gateway/dataplane/bootstrap.ts'
import type { ServicesBootstrap } from '../../sockets/services/bootstrap.ts'

export interface RegionPlan {
  run: string
  region: string
  namespaces: Namespaces
  images: { gateway: string; testbed: string }
  gateway: GatewayBootstrap
  controlPlane: ControlPlaneBootstrap
  services: ServicesPod[]
  /** Fixed in clusters of our own, where they are mapped; null = the API server chooses. */
  nodePorts: NodePorts | null
  /** Proxies of a mesh that its webhook puts beside gateway and services; absent without one. */
  sidecars?: Sidecars
}

/** What pods say so that a mesh takes them in. The control plane stays outside: links reach it through the fault proxy. */
export interface Sidecars {
  labels: Record<string, string>
  annotations: Record<'gateway' | 'services', Record<string, string>>
}

/** Our own namespace, and the cluster's namespace for each namespace of the configuration (equal in clusters of our own). */
export interface Namespaces { system: string; ofConfig: Record<string, string> }

/** Replica `index` of every service of one namespace of the configuration that has so many. */
export interface ServicesPod {
  /** `services-shop-0` */
  name: string
  configNamespace: string
  index: number
  /** Service account; `services` when absent. */
  account?: string
  bootstrap: ServicesBootstrap
}

export interface NodePorts { ingress: number; eastWest: number; controlPlane: number; admin: number }

/** Ports inside pods and edges; the same everywhere, because each has an address of its own. */
export const podPorts = { ingress: 8080, eastWest: 8081, admin: 9090, controlPlane: 9091, servicesControl: 9092, firstService: 10_000 } as const

/** Inside a cluster of our own, and mapped to loopback where a person may want them. */
export const fixedNodePorts: NodePorts = { ingress: 30_080, eastWest: 30_081, controlPlane: 30_082, admin: 30_083 }

/** On everything that a run makes, beside `app.kubernetes.io/managed-by: regatta`. */
export const runLabel = 'regatta.dev/run'
/** `gateway`, `control-plane` or `services`: the region part of a pod. */
export const partLabel = 'regatta.dev/part'
/** Services select pods on which it is `true`; making a pod unready sets it to `false`. */
export const inServiceLabel = 'regatta.dev/in-service'
/** On a services pod, for each service that it runs: `service.regatta.dev/NAME: 'true'`. */
export const serviceLabel = (name: string): string => `service.regatta.dev/${name}`

export const bootstrapFolder = '/etc/regatta'
/** The folder of programs inside both images. */
export const programFolder = '/regatta'
