// The requests that measure instead of load: the prober (failover time), pinned probes of each path while all
// is well (normal latency), and witnesses that bypass failover (did the fault bite?).

import { deriveSeed } from '../topologies/arrivals.ts'
import type { LoadSpec, RequestTemplate, StreamSpec } from '../topologies/substrate.ts'
import type { Topology } from '../topologies/topology.ts'
import type { Path } from './faults/fault.ts'
import { regionsByDistance } from './faults/paths.ts'
import type { Scenario } from './scenario.ts'

/** Groups that no fault touches are probed this many times more coarsely. */
export const coarser = 10
/** Verdicts ask for 200 samples a path; the surplus pays for the odd one that is lost. */
const probesPerPath = 222
/** Pinned probes end this long before the steady phase does, so that the fault meets none of them in flight. */
const settleUs = 300_000
/** All paths together, requests a second: what the whole of a small machine's 600 leaves beside load and prober. */
const leastPathBudget = 320
/** Where the load itself is beyond such a machine (in simulation), probes may add so much to it. */
const pathShareOfLoad = 0.25
/** Often enough that an outage of a second shows, seldom enough to weigh nothing beside ordinary traffic. */
export const usualWitnessIntervalMs = 200
const witnessTimeoutMs = 1000

export interface ProbeContext {
  scenario: Scenario
  topology: Topology
  seed: number
  template: RequestTemplate
  steady: { fromUs: number; toUs: number }
  endUs: number
  affectedGroups: readonly string[]
  /** Paths on which some fault must show. */
  faultPaths: readonly Path[]
}

export function planProbes(context: ProbeContext): { loads: LoadSpec[]; limits: string[] } {
  const paths = planPathProbes(context)
  const witnesses = planWitnesses(context)
  const loads = [planProber(context), paths.load, witnesses.load]
  return { loads: loads.filter((load) => load.streams.length > 0), limits: [...paths.limits, ...witnesses.limits] }
}

function planProber(context: ProbeContext): LoadSpec {
  const { scenario, topology, affectedGroups } = context
  const { intervalMs, timeoutMs } = scenario.prober
  const streams = topology.clients.map(({ name }, index) => {
    const everyMs = affectedGroups.includes(name) ? intervalMs : intervalMs * coarser
    // Spread over the finest interval, so that the groups' probes never leave together.
    const phaseUs = Math.round((index * intervalMs * 1000) / topology.clients.length)
    return stream(context, 'prober', { group: name, ratePerSecond: 1000 / everyMs, phaseUs, timeoutMs, pinned: null })
  })
  return { name: 'prober', source: 'prober', engine: 'open-loop', streams, fromUs: 0, toUs: context.endUs }
}

function planPathProbes(context: ProbeContext): { load: LoadSpec; limits: string[] } {
  const { steady } = context
  const toUs = Math.max(steady.fromUs, steady.toUs - Math.min(settleUs, (steady.toUs - steady.fromUs) / 10))
  const seconds = (toUs - steady.fromUs) / 1_000_000
  const { needed, welcome } = seconds > 0 ? pathsToKnow(context) : { needed: [], welcome: [] }
  const ratePerSecond = probesPerPath / seconds
  const budget = pathBudget(context.scenario)
  const room = Math.max(1, Math.floor(budget / ratePerSecond))
  const kept = [...needed, ...welcome].slice(0, room)
  const streams = kept.map(({ group, region }, index) => stream(context, 'paths', {
    group, ratePerSecond, pinned: region, timeoutMs: context.scenario.prober.timeoutMs,
    phaseUs: Math.round((index * 1_000_000) / (ratePerSecond * kept.length)),
  }))
  const left = needed.slice(room).map(({ group, region }) => `${group} → ${region}`)
  return {
    load: { name: 'paths', source: 'path-probe', engine: 'open-loop', streams, fromUs: steady.fromUs, toUs: Math.round(toUs) },
    limits: left.length === 0 ? [] : [
      `normal latency is not measured on ${left.length} paths (${left.slice(0, 5).join(', ')}${left.length > 5 ? ', …' : ''}): ` +
      `the steady phase is too short for ${probesPerPath} probes of each at ${budget} requests/s in all`,
    ],
  }
}

function pathBudget({ loads }: Scenario): number {
  return Math.max(leastPathBudget, Math.round(pathShareOfLoad * loads.reduce((sum, { ratePerSecond }) => sum + ratePerSecond, 0)))
}

/**
 * Most wanted first: homes of the affected groups, homes of the others, the next two regions that the affected may go
 * to; farther ones are welcome. Only regions that serve the prober's requests: elsewhere a pinned probe is refused.
 */
function pathsToKnow({ scenario, topology, affectedGroups }: ProbeContext): { needed: Path[]; welcome: Path[] } {
  const serves = servedBy(scenario)
  const near = new Map(topology.clients.map((group) => [group.name, regionsByDistance(topology, group).filter(serves)]))
  const affected = topology.clients.filter(({ name }) => affectedGroups.includes(name))
  const others = topology.clients.filter(({ name }) => !affectedGroups.includes(name))
  const ways = (groups: Topology['clients'], from: number, to?: number): Path[] => groups.flatMap(({ name }) =>
    near.get(name)!.slice(from, to).map((region) => ({ group: name, region })))
  return { needed: [...ways(affected, 0, 1), ...ways(others, 0, 1), ...ways(affected, 1, 3)], welcome: ways(affected, 3) }
}

function servedBy({ prober }: Scenario): (region: string) => boolean {
  return (region) => prober.regions?.includes(region) ?? true
}

function planWitnesses(context: ProbeContext): { load: LoadSpec; limits: string[] } {
  const serves = servedBy(context.scenario)
  const all = [...new Map(context.faultPaths.map((path) => [`${path.group} ${path.region}`, path])).values()]
  const paths = all.filter(({ region }) => serves(region))
  const intervalMs = context.scenario.prober.witnessIntervalMs ?? usualWitnessIntervalMs
  const streams = paths.map(({ group, region }, index) => stream(context, 'witness', {
    group, pinned: region, ratePerSecond: 1000 / intervalMs, timeoutMs: witnessTimeoutMs,
    phaseUs: Math.round((index * intervalMs * 1000) / paths.length),
  }))
  const blind = [...new Set(all.filter(({ region }) => !serves(region)).map(({ region }) => region))]
  return {
    load: { name: 'witness', source: 'witness', engine: 'open-loop', streams, fromUs: 0, toUs: context.endUs },
    limits: blind.length === 0 ? [] : [`no witness watches ${blind.join(', ')}: requests called ${context.scenario.prober.template} are not served there`],
  }
}

function stream(
  { seed, template }: ProbeContext, name: string,
  given: Pick<StreamSpec, 'group' | 'ratePerSecond' | 'phaseUs' | 'timeoutMs' | 'pinned'>,
): StreamSpec {
  return {
    ...given, entry: null, arrivals: 'constant', seed: deriveSeed(seed, `${name}/${given.group}/${given.pinned ?? ''}`), templates: [template],
  }
}
