// How the simulated world delivers each fault primitive, and the table that says so: links in the network, places by
// the state of their processes, services by their behaviour. Healing works out anew what is left in force.

import { topologyError } from '../../errors.ts'
import { whyUnsupported, type Capabilities, type Primitive, type RegionPlace } from '../../primitives.ts'
import { cutsOf } from '../../region-links.ts'
import { isRegionPart, type RegionPart, type Topology } from '../../topology.ts'
import type { Network, LinkPrimitive } from './network.ts'
import type { Processes } from './processes.ts'

export const simulatedCapabilities: Capabilities = {
  delay: { supported: true, how: 'added to every message, each direction apart, with seeded jitter', symptom: 'every message comes later by the delay' },
  throttle: { supported: true, how: 'messages queue for the bandwidth of the direction', symptom: 'messages come at the given rate' },
  cut: { supported: true, how: 'messages vanish (black hole) or connections fail (refuse; for both directions of a connection)', symptom: 'black hole: accepted and silent, closed at healing; refuse: refused, open ones closed' },
  reset: { supported: true, how: 'what is under way between the two places fails once', symptom: 'open connections are reset; new ones work' },
  pause: { supported: true, how: 'a process handles nothing; what comes meanwhile waits for it', symptom: 'connections are accepted, nobody answers' },
  stop: { supported: true, how: 'a process forgets everything; healed by starting it again', symptom: 'behind a link: closed at once; endpoints: refused' },
  degrade: { supported: true, how: 'delay and share of errors of the services', symptom: 'responses come later and some are 500' },
  skew: { supported: false, how: 'one virtual clock serves the whole world', symptom: 'none' },
  isolate: { supported: true, how: 'a black hole on every link of the region, both ways', symptom: 'accepted and silent, closed at healing' },
  kill: { supported: true, how: 'a process forgets everything and starts again at once', symptom: 'as stop, for as long as the start takes' },
  evict: { supported: false, how: 'how a process drains is its own program, which is not played in virtual time', symptom: 'none' },
  unready: { supported: false, how: 'nothing takes processes out of discovery here', symptom: 'none' },
  collector: { supported: false, how: 'nothing collects traces in virtual time: spans are counted where they are recorded', symptom: 'none' },
  loss: { supported: false, how: 'loss is a constant of the model (`lossShare`), the same for the whole run', symptom: 'none' },
}

export interface FaultDesk {
  apply(key: string, primitive: Primitive): void
  /** Calls back when it is healed: at once, or when a killed process serves again. */
  heal(key: string, done: () => void): void
  healAll(): void
  /** Nothing is in force. */
  readonly healed: boolean
}

export interface FaultDeskParts {
  topology: Pick<Topology, 'links'>
  network: Network
  processes: Processes
  /** Regions of the world by name. */
  regionOf(name: string): number
  /** Connections between two places fail. */
  breakBetween(from: number, to: number, ending: 'closed' | 'reset'): void
  /** A black hole from one place to another is gone. */
  closeSwallowed(from: number, to: number): void
  degrade(region: number, laid: { services: readonly string[] | null; degradation: { delayMs: number; errorRate: number } }[]): void
}

export function openFaultDesk(parts: FaultDeskParts): FaultDesk {
  const { topology, network, processes, regionOf } = parts
  const inForce = new Map<string, Primitive>()

  const isUnder = (kind: 'pause' | 'stop', part: RegionPart, region: string): boolean =>
    [...inForce.values()].some((primitive) => primitive.kind === kind && primitive.at.some((one) => one.region === region && one.parts.includes(part)))

  const placesOf = (at: readonly RegionPlace[]): { region: string; part: RegionPart }[] =>
    at.flatMap(({ region, parts: names }) => names.filter(isRegionPart).map((part) => ({ region, part })))

  const settleProcesses = (at: readonly RegionPlace[], done: () => void): void => {
    const places = placesOf(at)
    let waiting = places.length + 1
    const one = (): void => { if (--waiting === 0) done() }
    for (const { region, part } of places) {
      processes.settle(part, regionOf(region), isUnder('stop', part, region) ? 'stopped' : isUnder('pause', part, region) ? 'paused' : 'running', one)
    }
    one()
  }

  /** Dies, and is started again at once unless another fault keeps it down. */
  const killOnce = (at: readonly RegionPlace[]): void => {
    for (const { region, part } of placesOf(at)) processes.settle(part, regionOf(region), 'stopped', () => {})
    settleProcesses(at, () => {})
  }

  const settleServices = (region: string): void => parts.degrade(regionOf(region), [...inForce.values()].flatMap((primitive) =>
    primitive.kind !== 'degrade' ? [] : primitive.at.filter((one) => one.region === region)
      .map(({ services }) => ({ services, degradation: { delayMs: primitive.delayMs, errorRate: primitive.errorRate } }))))

  const changeLinks = (primitive: LinkPrimitive, touched: [number, number][], healing: boolean): void => {
    for (const [from, to] of touched) {
      if (primitive.kind === 'reset') parts.breakBetween(from, to, 'reset')
      else if (primitive.kind === 'cut' && primitive.mode === 'refuse' && !healing) parts.breakBetween(from, to, 'closed')
      else if (primitive.kind === 'cut' && healing && !network.isCut(from, to)) parts.closeSwallowed(from, to)
    }
  }

  const change = (key: string, primitive: Primitive, healing: boolean, done: () => void): void => {
    switch (primitive.kind) {
      case 'delay': case 'throttle': case 'cut': case 'reset':
        changeLinks(primitive, healing ? network.heal(key) : network.apply(key, primitive), healing)
        return done()
      case 'isolate':
        return change(key, cutsOf(topology, primitive), healing, done)
      case 'pause': case 'stop':
        return settleProcesses(primitive.at, done)
      case 'kill':
        if (!healing) killOnce(primitive.at)
        return healing ? settleProcesses(primitive.at, done) : done()
      case 'degrade':
        for (const { region } of primitive.at) settleServices(region)
        return done()
      case 'skew': case 'evict': case 'unready': case 'loss': case 'collector':
        throw unsupported(primitive)
    }
  }

  const heal = (key: string, done: () => void): void => {
    const primitive = inForce.get(key)
    if (primitive === undefined) return done()
    inForce.delete(key)
    change(key, primitive, true, done)
  }

  return {
    apply(key, primitive) {
      if (whyUnsupported(simulatedCapabilities, primitive) !== null) throw unsupported(primitive)
      inForce.set(key, primitive)
      change(key, primitive, false, () => {})
    },
    heal,
    healAll() {
      for (const key of [...inForce.keys()]) heal(key, () => {})
    },
    get healed() { return inForce.size === 0 },
  }
}

const unsupported = (primitive: Primitive) =>
  topologyError('RGT_UNSUPPORTED', `the simulated substrate cannot ${primitive.kind}`, { hint: whyUnsupported(simulatedCapabilities, primitive) ?? '' })
