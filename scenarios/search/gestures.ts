// What a schedule is made of: single faults of each kind, and the compounds that real outages come in. A gesture
// names targets and times only; what a fault does is the registry's.

import type { Random } from '../../gateway/ports.ts'
import { regionParts, type PlaceRef, type Topology } from '../../topologies/topology.ts'
import type { FaultKind } from '../faults/index.ts'
import type { FaultBlock } from '../scenario.ts'
import { chance, pick, subset } from './draw.ts'
import { stepUs, type Span, type Windows } from './windows.ts'

export interface Ground { topology: Topology; random: Random; windows: Windows }
export type Draft = Omit<FaultBlock, 'name'>

export interface Gesture {
  /** How often it is drawn, against the others. */
  weight: number
  draw(ground: Ground): Draft[]
}

const regionLosses: FaultKind[] = ['regional-outage', 'regional-crash', 'regional-hang']
/** `flapping-region` needs room for at least one outage of half a second. */
const flapUs = 500_000
const milliseconds = 1000

const block = (kind: FaultKind, span: Span, parameters: Record<string, unknown>): Draft => ({ kind, ...span, parameters })
const regionOf = ({ topology, random }: Ground): string => pick(random, topology.regions).name

function loss(ground: Ground, region: string, span: Span): Draft {
  const kind = pick(ground.random, regionLosses)
  return block(kind, span, kind === 'regional-outage' ? { region, scope: 'all' } : { region })
}

/** Links that clients only use to reach their entry show little; the others come more often. */
function linkOf({ topology, random }: Ground): { from: PlaceRef; to: PlaceRef } {
  const inner = topology.links.filter(({ from, to }) => !from.startsWith('clients:') && !to.startsWith('clients:'))
  const { from, to } = pick(random, inner.length > 0 && chance(random, 0.85) ? inner : topology.links)
  return { from, to }
}

const wholeZone: Gesture = {
  weight: 4,
  draw(ground) {
    const { topology, random, windows } = ground
    const { jurisdiction } = pick(random, topology.regions)
    const first = windows.any()
    return topology.regions.filter((region) => region.jurisdiction === jurisdiction)
      .map(({ name }, index) => loss(ground, name, index === 0 ? first : windows.near(first)))
  },
}

const oneWay: Gesture = { weight: 4, draw: (ground) => [block('asymmetric-partition', ground.windows.any(), linkOf(ground))] }

const cut: Gesture = {
  weight: 2,
  draw: (ground) => [block('link-cut', ground.windows.any(), { ...linkOf(ground), mode: pick(ground.random, ['black-hole', 'refuse']) })],
}

const flapping: Gesture = {
  weight: 3,
  draw(ground) {
    const { random, windows } = ground
    const length = (): number => Math.round((flapUs + random.next() * 1_500_000) / stepUs) * stepUs
    return [block('flapping-region', windows.any(2 * flapUs), { region: regionOf(ground), on: length(), off: length(), jitter: pick(random, [0, 0, 0.25, 0.5]) })]
  },
}

const lostRegion: Gesture = { weight: 3, draw: (ground) => [loss(ground, regionOf(ground), ground.windows.any())] }

const pausedServices: Gesture = {
  weight: 3,
  draw: (ground) => [chance(ground.random, 0.5)
    ? block('service-outage', ground.windows.any(), { region: regionOf(ground) })
    : block('regional-outage', ground.windows.any(), { region: regionOf(ground), scope: 'services' })],
}

const brownout: Gesture = {
  weight: 2,
  draw(ground) {
    const { topology, random, windows } = ground
    const region = regionOf(ground)
    const here = topology.services.filter(({ regions }) => regions.includes(region)).map(({ name }) => name)
    const services = here.length === 0 || chance(random, 0.5) ? null : subset(random, here.length > 8 ? Array.from({ length: 8 }, () => pick(random, here)) : here)
    return [block('region-brownout', windows.any(), {
      region, delay: pick(random, [0, 50, 200, 400, 1000]) * milliseconds, errorRate: pick(random, [0.05, 0.2, 0.5, 1]),
      services: services === null ? null : [...new Set(services)],
    })]
  },
}

/** A bad release goes everywhere: every region answers errors at once, and retries have nowhere better to go. */
const badRelease: Gesture = {
  weight: 2,
  draw({ topology, random, windows }) {
    const first = windows.any()
    const service = pick(random, topology.services).name
    const errorRate = pick(random, [0.5, 1])
    return topology.regions.slice(0, 8).map(({ name }, index) => block('region-brownout', index === 0 ? first : windows.near(first), {
      region: name, delay: 0, errorRate, services: chance(random, 0.5) ? null : [service],
    }))
  },
}

const slowLinks: Gesture = {
  weight: 2,
  draw: (ground) => [block('latency-spike', ground.windows.any(), {
    region: regionOf(ground), delay: pick(ground.random, [50, 150, 300, 600]) * milliseconds, jitter: pick(ground.random, [0, 0, 50]) * milliseconds,
  })],
}

const noPlanes: Gesture = {
  weight: 1,
  draw: ({ topology, random, windows }) => [block('control-plane-loss', windows.any(), {
    regions: chance(random, 0.5) ? null : subset(random, topology.regions.map(({ name }) => name)),
  })],
}

/** A region is lost while nobody can be told, and comes back to gateways that were told nothing. */
const lostUntold: Gesture = {
  weight: 2,
  draw(ground) {
    const span = ground.windows.any()
    return [block('control-plane-loss', ground.windows.near(span), { regions: null }), loss(ground, regionOf(ground), span)]
  },
}

/** Some of the ways out of a region, or into it, are lost. */
const halfDeaf: Gesture = {
  weight: 3,
  draw(ground) {
    const { topology, random, windows } = ground
    const place: PlaceRef = `region:${regionOf(ground)}`
    const [here, there] = chance(random, 0.5) ? ['from', 'to'] as const : ['to', 'from'] as const
    const links = topology.links.filter((link) => link[here] === place && !link[there].startsWith('clients:'))
    if (links.length === 0) return []
    const first = windows.any()
    return subset(random, links).slice(0, 3).map(({ from, to }) => block('asymmetric-partition', windows.near(first), { from, to }))
  },
}

/** The same region again, before it is trusted. */
const relapse: Gesture = {
  weight: 3,
  draw(ground) {
    const region = regionOf(ground)
    const first = ground.windows.any()
    const second = ground.windows.after(first)
    return [loss(ground, region, first), ...(second === null ? [] : [loss(ground, region, second)])]
  },
}

/** Over before it is noticed, and then again while what was lost is coming back. */
const killed: Gesture = {
  weight: 2,
  draw(ground) {
    const { random, windows } = ground
    const [region, part] = [regionOf(ground), pick(random, regionParts)]
    const first = windows.any()
    const kill = (span: Span): Draft => block('pod-kill', span, { region, part })
    return chance(random, 0.5) ? [kill(first)] : [kill(first), kill(windows.near(first))]
  },
}

export const gestures: readonly Gesture[] = [
  wholeZone, oneWay, cut, flapping, lostRegion, pausedServices, brownout, badRelease, slowLinks, noPlanes, lostUntold, halfDeaf, relapse, killed,
]
