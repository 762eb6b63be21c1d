// The resolved topology: what every substrate starts from. Everything optional in the file has its value
// here, every round-trip time is a number, every way in is named. `schema.ts` holds the shape of the file,
// `resolve.ts` turns a file into this.

import type { SnapshotRegion } from '../gateway/snapshot/snapshot.ts'
import type { EchoBehaviour } from './service-behaviour.ts'

export interface Topology {
  name: string
  description: string
  regions: Region[]
  edges: Edge[]
  clients: ClientGroup[]
  services: Service[]
  /** Round-trip times between places that talk, milliseconds; both directions of a pair are listed. */
  links: Link[]
  gateway: {
    kind: string
    /** Absolute paths of gateway configuration files, in no meaningful order. */
    config: string[]
    /** Documents that are written once and stand for many services: see `config-templates.ts`. */
    templates?: ConfigTemplates[]
  }
  mesh: string
  failoverOwner: 'gateway' | 'mesh'
  /** One of the mesh's sets of settings; the first in its table when absent. */
  meshSettings?: string
  /** How regions become clusters, where they do; other substrates take no notice. */
  clusters: Clusters
}

export const clusterNetworks = ['default', 'image'] as const
export const isolations = ['pause', 'disconnect'] as const
export const usualClusters: Clusters = { cni: 'default', isolation: 'pause', kubernetes: null }

/** How regions become clusters: section `clusters` of the file. */
export interface Clusters {
  /** `default`: kind's own; `image`: the node image brings one, and kind applies none. */
  cni: (typeof clusterNetworks)[number]
  /** How a region is isolated: its nodes are paused, or taken off their network while they run on. */
  isolation: (typeof isolations)[number]
  /** Version of Kubernetes that is asked for, such as `v1.34` or `v1.34.0`; null = that of the node image. */
  kubernetes: string | null
}

export interface ConfigTemplates { /** patterns of service names */ services: string[]; /** absolute paths */ config: string[] }

export interface Coordinates { latitude: number; longitude: number }

export interface Region {
  name: string
  cloud: string
  jurisdiction: SnapshotRegion['jurisdiction']
  coordinates: Coordinates
}

/** A gateway at a point of presence, outside every region. */
export interface Edge { name: string; coordinates: Coordinates; /** nearest region; its control plane is asked first */ home: string }

/** Clients that enter the same way from the same place. */
export interface ClientGroup {
  name: string
  coordinates: Coordinates
  jurisdiction: string
  entry: Entry
}

/** How a group's requests enter: each is measured apart. */
export type Entry =
  | { kind: 'edge'; edge: string }
  | { kind: 'direct'; region: string }
  /** The client itself tries the next; `timeoutMs` is its patience with one. */
  | { kind: 'list'; regions: string[]; timeoutMs: number }

export const entryKinds = ['edge', 'direct', 'list'] as const

/** An echo service: what it answers and how long it takes, in each region that runs it. */
export interface Service {
  /** `namespace/name:port`, the name that gateway configuration uses. */
  name: string
  regions: string[]
  replicas: number
  response: EchoBehaviour
  /** Its number as it stands in the name, when the file wrote one entry for many (`{n}`). */
  number?: string
}

/** A place that a link may start or end at. */
export type PlaceRef = `region:${string}` | `edge:${string}` | `clients:${string}`

export interface Link {
  from: PlaceRef
  to: PlaceRef
  rttMs: number
  /** 'great-circle' when computed from coordinates, 'stated' when the file says so. */
  source: 'great-circle' | 'stated'
}

/** Part of a region that can be paused or stopped by itself. */
export type RegionPart = 'gateway' | 'services' | 'control-plane'
export const regionParts: readonly RegionPart[] = ['gateway', 'services', 'control-plane']

/** What a cluster adds to a region. Apart from `regionParts`, because a fault on all of a region's processes does not mean these. */
export type ClusterPart = 'api-server' | 'dns'
export const clusterParts: readonly ClusterPart[] = ['api-server', 'dns']

/** Whether the part is one of our own processes, which every substrate has. */
export function isRegionPart(part: RegionPart | ClusterPart): part is RegionPart {
  return (regionParts as readonly string[]).includes(part)
}
