// A plan is a pure function of scenario, topology and seed: every step, stream and probe with its time, before
// anything runs. Whoever holds the plan can play it again, and the judge knows what was asked for.

import { CodedError } from '../gateway/errors.ts'
import { seededRandom } from '../gateway/runtime.ts'
import { deriveSeed } from '../topologies/arrivals.ts'
import { phases as phaseNames } from '../topologies/history.ts'
import type { LoadSpec, RequestTemplate, Step } from '../topologies/substrate.ts'
import type { Topology } from '../topologies/topology.ts'
import { scenarioError } from './errors.ts'
import type { Path } from './faults/fault.ts'
import { faultOf } from './faults/index.ts'
import { homeRegion } from './faults/paths.ts'
import { frozenCopy } from './freeze.ts'
import { planLoads } from './loads/index.ts'
import { numbered, planChanges } from './plan-changes.ts'
import { inForce } from './adapted.ts'
import { withEntry } from './plan-entry.ts'
import { planProbes } from './plan-probes.ts'
import { planBlocks, publicationsOf } from './plan-variants.ts'
import type { Plan, PlannedFault, Scenario } from './scenario.ts'

type TimedStep = { atUs: number; step: Step }

/** What two cores can serve and generate at once without the machine becoming the thing measured, requests/s. */
export const believableRate = 600

/** Steps of one time are played in this order. */
const order: Step['kind'][] = ['mark', 'heal', 'apply', 'publish']

/** Deep-frozen and JSON-serialisable. Throws CodedError RGT_SCENARIO_REFERENCE for names the topology does not have. */
export function plan(scenario: Scenario, givenTopology: Topology, seed: number): Plan {
  const topology = withEntry(inForce(scenario, givenTopology), scenario.entry)
  const phases = phasesOf(scenario)
  const endUs = phases[phases.length - 1].toUs
  const [, steady, fault] = phases
  const { faults, affectedRegions } = planFaults(scenario, topology, seed, fault.fromUs)
  const faultPaths = faults.flatMap((planned) => planned.paths)
  const affectedGroups = scenario.prober.groups ?? affectedBy(topology, faultPaths, affectedRegions)
  const probes = planProbes({
    scenario, topology, seed, steady, endUs, affectedGroups, faultPaths, template: proberTemplate(scenario),
  })
  const loads = [...planLoads(scenario.loads, topology, seed, { fromUs: 0, toUs: endUs }), ...probes.loads].map((load) => traced(load, scenario))
  const blocks = scenario.blocks === undefined ? [] : planBlocks(scenario.blocks, fault.fromUs)
  const offeredRate = peakRate(loads)
  const steps: TimedStep[] = [
    ...phases.filter(({ fromUs, toUs }) => toUs > fromUs)
      .map(({ phase, fromUs }): TimedStep => ({ atUs: fromUs, step: { kind: 'mark', event: { kind: 'phase', phase } } })),
    ...faults.flatMap(stepsOf),
    ...numbered([...planChanges(scenario.changes ?? [], fault.fromUs), ...(scenario.blocks === undefined ? [] : publicationsOf(scenario.blocks, blocks))]),
  ].sort((a, b) => a.atUs - b.atUs || order.indexOf(a.step.kind) - order.indexOf(b.step.kind))
  return frozenCopy<Plan>({
    version: 1, scenario, topology, seed, phases, steps, loads, faults, affectedGroups: [...affectedGroups], offeredRate, limits: probes.limits, endUs,
    ...(blocks.length === 0 ? {} : { blocks }),
  })
}

/** Pinned probes and witnesses measure paths, and stay out of what is measured of tracing. */
function traced(load: LoadSpec, { tracing }: Scenario): LoadSpec {
  if (tracing?.clients !== true || (load.source !== 'load' && load.source !== 'prober')) return load
  return { ...load, streams: load.streams.map((stream) => ({ ...stream, traced: true })) }
}

/** What a plan asks of a machine beyond what it can do; where time is virtual the machine does not matter. */
export function limitsInRealTime({ offeredRate = 0 }: Pick<Plan, 'offeredRate'>): string[] {
  if (offeredRate <= believableRate) return []
  return [`the plan offers ${offeredRate} requests/s; on a machine of two cores a local run is to be believed up to ${believableRate}`]
}

function phasesOf({ timeline }: Scenario): Plan['phases'] {
  let fromUs = 0
  return phaseNames.map((phase) => {
    const planned = { phase, fromUs, toUs: fromUs + timeline[`${phase}Us`] }
    fromUs = planned.toUs
    return planned
  })
}

function planFaults(
  scenario: Scenario, topology: Topology, seed: number, faultFromUs: number,
): { faults: PlannedFault[]; affectedRegions: string[] } {
  const affectedRegions = new Set<string>()
  const faults = scenario.method.flatMap((block, blockIndex) => {
    const fault = faultOf(block.kind)
    const path = `spec.method[${blockIndex}]`
    if (fault === undefined) {
      throw scenarioError('RGT_SCENARIO_REFERENCE', `there is no fault \`${block.kind}\``, { place: { file: scenario.file, path } })
    }
    const random = seededRandom(deriveSeed(seed, `fault/${block.name}`))
    const composed = placed(scenario.file, path, () => fault.compose(block.parameters, { topology, random, forUs: block.forUs }))
    composed.affectedRegions.forEach((region) => affectedRegions.add(region))
    return composed.primitives.map(({ offsetUs, forUs, primitive, symptom, paths }, index): PlannedFault => {
      const fromUs = faultFromUs + block.atUs + offsetUs
      return { name: block.name, kind: block.kind, index, primitive, symptom, paths, fromUs, toUs: fromUs + forUs }
    })
  })
  return { faults, affectedRegions: [...affectedRegions] }
}

function placed<T>(file: string, path: string, run: () => T): T {
  try {
    return run()
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    throw new CodedError(error.code, error.message, { ...error.details, place: { file, path } })
  }
}

function stepsOf({ name, index, primitive, fromUs, toUs }: PlannedFault): TimedStep[] {
  return [
    { atUs: fromUs, step: { kind: 'apply', fault: name, index, primitive } },
    { atUs: toUs, step: { kind: 'heal', fault: name, index, primitive } },
  ]
}

/** Groups whose way home a fault lies on, or whose nearest region it touches. */
function affectedBy(topology: Topology, paths: readonly Path[], regions: readonly string[]): string[] {
  return topology.clients
    .filter((group) => {
      const home = homeRegion(topology, group)
      return regions.includes(home) || paths.some((path) => path.group === group.name && path.region === home)
    })
    .map((group) => group.name)
}

function proberTemplate(scenario: Scenario): RequestTemplate {
  const template = scenario.loads.flatMap((load) => load.mix).find(({ name }) => name === scenario.prober.template)
  if (template !== undefined) return { ...template, weight: 1 }
  throw scenarioError('RGT_SCENARIO_REFERENCE', `there is no template \`${scenario.prober.template}\``, {
    place: { file: scenario.file, path: 'spec.prober.template' }, expected: 'the name of a template of some load',
  })
}

/** The highest sum of rates at any time, requests a second, rounded up. */
function peakRate(loads: readonly LoadSpec[]): number {
  const rate = (load: LoadSpec): number => load.streams.reduce((sum, stream) => sum + stream.ratePerSecond * (1 + (stream.season?.swing ?? 0)), 0)
  const at = (timeUs: number): number => loads
    .filter((load) => load.fromUs <= timeUs && timeUs < load.toUs)
    .reduce((sum, load) => sum + rate(load), 0)
  return Math.ceil(Math.max(0, ...loads.map((load) => at(load.fromUs))))
}
