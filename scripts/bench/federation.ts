// A federation of routing cores without a network: edges in front of regions, each request through both, answers after
// the path's and the service's time, ticks when a core wants them, probes that succeed. Services follow Zipf's law.

import { createRoutingCore } from '../../gateway/routing/index.ts'
import { Effect, RequestFlag, type CoreTopology, type RoutePlan } from '../../gateway/routing/core.ts'
import { seededRandom } from '../../gateway/runtime.ts'
import { defaultHealth } from '../../gateway/snapshot/snapshot.ts'

export interface FederationSize { regions: number; services: number; /** fewest and most regions that run a service */ spread: [number, number]; perSecond: number }

/** Grain of its clock, microseconds, and how far ahead it can look: longer than any answer takes. */
const grainUs = 64
const turn = 16_384
const endpointsEach = 2
const probeUs = 400

type Stage = 'arrive' | 'answer' | 'return' | 'probed'
/** Edge, region and service of a request; the core's numbers of its attempts at both. Of a probe: core and target. */
interface Pending { stage: Stage; edge: number; region: number; service: number; edgeAttempt: number; regionAttempt: number }

export interface Federation {
  /** Passes of a request through a core: request, head, finished. */
  passes: number
  /** Lets that much virtual time go by. */
  run(forUs: number): void
}

/** `idle`: the same events, but no core is asked; what is left is the cost of this file. */
export function makeFederation(size: FederationSize, idle: boolean): Federation {
  const random = seededRandom(7)
  const runs = Array.from({ length: size.services }, () => draw(size, () => random.next()))
  const popularity = zipf(size.services)
  const calendar = makeCalendar()
  const gateways = idle ? null : openGateways(size, runs, calendar)
  const stepUs = 1e6 / size.perSecond
  let nextUs = 0
  const arrive = (): void => {
    const edge = Math.floor(random.next() * size.regions)
    const service = indexIn(popularity, random.next())
    const sent = gateways?.ask(edge, service, RequestFlag.Eligible, random.next()) ?? { attempt: -1, target: nearestOf(runs[service], edge) }
    calendar.after(pathUs(edge, sent.target) / 2, { stage: 'arrive', edge, region: sent.target, service, edgeAttempt: sent.attempt, regionAttempt: -1 })
  }
  const play = (pending: Pending): void => {
    const { stage, edge, region, service } = pending
    if (stage === 'probed') return gateways?.probed(edge, region)
    if (stage === 'arrive') {
      const sent = gateways?.ask(size.regions + region, service, RequestFlag.Eligible | RequestFlag.LocalOnly, random.next())
      pending.regionAttempt = sent?.attempt ?? -1
      pending.stage = 'answer'
      return calendar.after(2000 + 4000 * random.next(), pending)
    }
    federation.passes++
    if (stage === 'return') return gateways?.answer(edge, pending.edgeAttempt)
    gateways?.answer(size.regions + region, pending.regionAttempt)
    pending.stage = 'return'
    calendar.after(pathUs(edge, region) / 2, pending)
  }
  const federation: Federation = {
    passes: 0,
    run(forUs) {
      for (const untilUs = calendar.nowUs + forUs; calendar.nowUs < untilUs; calendar.nowUs += grainUs) {
        const bucket = calendar.due()
        for (const pending of bucket) play(pending)
        bucket.length = 0
        for (; nextUs < calendar.nowUs + grainUs; nextUs += stepUs) arrive()
        gateways?.tick()
      }
    },
  }
  return federation
}

interface Calendar { nowUs: number; after(us: number, pending: Pending): void; due(): Pending[] }

function makeCalendar(): Calendar {
  const buckets: Pending[][] = Array.from({ length: turn }, () => [])
  return {
    nowUs: 0,
    after(us, pending) { buckets[Math.floor((this.nowUs + us) / grainUs + 1) % turn].push(pending) },
    due() { return buckets[(this.nowUs / grainUs) % turn] },
  }
}

/** The cores, edges first, and how the rest of the world speaks to them. */
function openGateways(size: FederationSize, runs: readonly number[][], calendar: Calendar) {
  const plans = runs.map((_, service) => planOf(service, size.regions))
  const cores = Array.from({ length: 2 * size.regions }, (_, at) => (
    createRoutingCore(at < size.regions ? edgeOf(size, runs, at) : regionOf(size, runs, at - size.regions), defaultHealth, 0)))
  const apply = (at: number): void => {
    const { effects } = cores[at]
    for (let effect = 0; effect < effects.length; effect++) {
      if (effects.data[5 * effect] !== Effect.Probe) continue
      calendar.after(probeUs, { stage: 'probed', edge: at, region: effects.data[5 * effect + 1], service: -1, edgeAttempt: -1, regionAttempt: -1 })
    }
    effects.length = 0
  }
  return {
    ask(at: number, service: number, flags: number, random: number): { attempt: number; target: number } {
      const core = cores[at]
      if (core.request(plans[service], flags, random, -1, calendar.nowUs) === -1) throw new Error('the core refused a request')
      const { data } = core.effects
      const sent = { attempt: data[2], target: data[3] }
      apply(at)
      return sent
    },
    answer(at: number, attempt: number): void {
      cores[at].head(attempt, 200, false, calendar.nowUs)
      apply(at)
      cores[at].finished(attempt, 'complete', true, calendar.nowUs)
      apply(at)
    },
    probed(at: number, target: number): void {
      cores[at].probed(target, true, 'probe-succeeded', probeUs, [], calendar.nowUs)
      apply(at)
    },
    tick(): void {
      for (let at = 0; at < cores.length; at++) {
        if (cores[at].nextTickUs > calendar.nowUs) continue
        cores[at].tick(0, calendar.nowUs)
        apply(at)
      }
    },
  }
}

/** Regions that run a service, ascending. */
function draw({ regions, spread: [least, most] }: FederationSize, random: () => number): number[] {
  const chosen = new Set<number>()
  const count = Math.min(regions, least + Math.floor(random() * (most - least + 1)))
  while (chosen.size < count) chosen.add(Math.floor(random() * regions))
  return [...chosen].sort((a, b) => a - b)
}

/** Round trip between places in a row. */
function pathUs(from: number, to: number): number {
  return 2000 + 12_000 * Math.abs(from - to)
}

function nearestOf(regions: readonly number[], from: number): number {
  return regions.reduce((best, region) => (Math.abs(region - from) < Math.abs(best - from) ? region : best))
}

function regionsSeenFrom({ regions }: FederationSize, from: number): CoreTopology['regions'] {
  return Array.from({ length: regions }, (_, to) => ({ name: `region-${to}`, priorRttUs: pathUs(from, to) }))
}

function edgeOf(size: FederationSize, runs: readonly number[][], from: number): CoreTopology {
  return {
    ownRegion: -1,
    regions: regionsSeenFrom(size, from),
    targets: Array.from({ length: size.regions }, (_, region) => ({ key: `link:region-${region}:10.0.0.${region}:443`, region, kind: 'link' as const })),
    services: runs.map((regions, index) => ({ name: `service-${index}`, targets: regions })),
  }
}

/** Links first, one to every other region; then its own endpoints. */
function regionOf(size: FederationSize, runs: readonly number[][], own: number): CoreTopology {
  const linkTo = (region: number): number => (region < own ? region : region - 1)
  const targets: { key: string; region: number; kind: 'endpoint' | 'link' }[] = []
  for (let region = 0; region < size.regions; region++) if (region !== own) targets.push({ key: `link:region-${region}:10.0.0.${region}:443`, region, kind: 'link' })
  const services = runs.map((regions, index) => {
    const endpoints = regions.includes(own) ? endpointsEach : 0
    const local = Array.from({ length: endpoints }, (_, replica) => targets.push({ key: `endpoint:10.1.${index}.${replica}:80`, region: own, kind: 'endpoint' }) - 1)
    return { name: `service-${index}`, targets: [...local, ...regions.filter((region) => region !== own).map(linkTo)] }
  })
  return { ownRegion: own, regions: regionsSeenFrom(size, own), targets, services }
}

function planOf(service: number, regions: number): RoutePlan {
  return {
    services: Int32Array.of(service), cumulativeWeights: Float64Array.of(2 ** 32), regionMask: (1 << regions) - 1, failover: true,
    prefer: new Int32Array(0), maxAttempts: 3, requestTimeoutUs: 0, attemptTimeoutUs: 0,
  }
}

/** Cumulative shares of services whose popularity falls as one over their rank. */
function zipf(count: number): Float64Array {
  let sum = 0
  return Float64Array.from({ length: count }, (_, at) => (sum += 1 / (at + 1))).map((share) => share / sum)
}

/** First entry that is not below the value, by halves. */
function indexIn(cumulative: Float64Array, value: number): number {
  let low = 0
  let high = cumulative.length - 1
  while (low < high) {
    const middle = (low + high) >> 1
    if (cumulative[middle] < value) low = middle + 1
    else high = middle
  }
  return low
}
