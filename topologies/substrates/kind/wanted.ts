// Pure: what the primitives in force, taken together, ask of one region's machines and parts. Each change works this
// out anew, so that overlapping faults heal in any order without taking each other away.

import type { Primitive, RegionPlace } from '../../primitives.ts'
import { regionParts, type ClusterPart, type RegionPart } from '../../topology.ts'

export type Part = RegionPart | ClusterPart
export type Life = 'running' | 'frozen' | 'dead'

export interface Wanted {
  /** The machines as a whole. */
  machines: Life
  disconnected: boolean
  /** Share of packets lost; null = none. */
  loss: number | null
  /** Parts by themselves; those that are not named run. */
  parts: ReadonlyMap<Part, Life>
  /** Parts that are out of service discovery. */
  unready: ReadonlySet<Part>
  degradations: { services: string[] | null; delayMs: number; errorRate: number }[]
}

/** `isolation`: whether what isolates a region freezes its machines or takes them off their network. */
export function wantedOf(region: string, inForce: Iterable<Primitive>, isolation: 'pause' | 'disconnect'): Wanted {
  const parts = new Map<Part, Life>()
  const unready = new Set<Part>()
  const wanted = { machines: 'running' as Life, disconnected: false, loss: null as number | null, degradations: [] as Wanted['degradations'] }
  for (const primitive of inForce) {
    switch (primitive.kind) {
      case 'isolate':
        if (!primitive.regions.includes(region)) break
        if (isolation === 'disconnect') wanted.disconnected = true
        else wanted.machines = worse(wanted.machines, 'frozen')
        break
      case 'loss':
        if (primitive.regions.includes(region)) wanted.loss = Math.max(wanted.loss ?? 0, primitive.share)
        break
      case 'pause':
      case 'stop': {
        const life = primitive.kind === 'stop' ? 'dead' : 'frozen'
        const here = partsAt(region, primitive.at)
        if (isWhole(here)) wanted.machines = worse(wanted.machines, life)
        for (const part of here) {
          if (!isWhole(here) || !regionParts.includes(part as RegionPart)) parts.set(part, worse(parts.get(part) ?? 'running', life))
        }
        break
      }
      case 'unready':
        for (const part of partsAt(region, primitive.at)) unready.add(part)
        break
      case 'degrade': {
        const { delayMs, errorRate } = primitive
        for (const { services } of primitive.at.filter((one) => one.region === region)) wanted.degradations.push({ services, delayMs, errorRate })
      }
    }
  }
  return { ...wanted, parts, unready }
}

/** Everything that a region runs: then it is its machines that freeze or die. */
export const isWhole = (parts: readonly Part[]): boolean => regionParts.every((part) => parts.includes(part))

export function partsAt(region: string, places: readonly RegionPlace[]): Part[] {
  return [...new Set(places.filter((place) => place.region === region).flatMap(({ parts }) => parts))]
}

export function regionsOf(primitive: Primitive): string[] {
  switch (primitive.kind) {
    case 'isolate':
    case 'loss': return primitive.regions
    case 'pause': case 'stop': case 'kill': case 'evict': case 'unready': case 'degrade': case 'skew':
      return [...new Set(primitive.at.map(({ region }) => region))]
    default: return []
  }
}

const severity: Life[] = ['running', 'frozen', 'dead']
const worse = (a: Life, b: Life): Life => (severity.indexOf(a) > severity.indexOf(b) ? a : b)
