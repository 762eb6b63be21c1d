// How a plan becomes a deployment's steps and loads: the same for a run that is recorded and for one of the
// thousands of a search, so that both play the same thing.

import { whyUnsupported } from '../topologies/primitives.ts'
import type { Deployment, LoadSpec, PlantedDefect, SimulationOptions, Substrate } from '../topologies/substrate.ts'
import type { Plan, PlannedFault, Scenario } from './scenario.ts'

/** Steps and loads in the plan's order, without the primitives that the substrate cannot do; gives back a line for each of these. */
export function declare(deployment: Deployment, planned: Plan, loadOf: (load: LoadSpec) => LoadSpec = (load) => load): string[] {
  const unsupported = planned.faults.filter(({ primitive }) => whyUnsupported(deployment.capabilities, primitive) !== null)
  for (const { atUs, step } of planned.steps) {
    const skipped = (step.kind === 'apply' || step.kind === 'heal')
      && unsupported.some(({ name, index }) => name === step.fault && index === step.index)
    if (!skipped) deployment.at(atUs, step)
  }
  for (const load of planned.loads) deployment.drive(loadOf(load))
  return unsupported.map((fault) => unsupportedText(fault, deployment))
}

function unsupportedText({ name, index, primitive }: PlannedFault, { kind, capabilities }: Deployment): string {
  return `unsupported: ${name}#${index} needs ${primitive.kind}, which ${kind} cannot do: ${whyUnsupported(capabilities, primitive)}`
}

/** What a run asks of the simulated substrate: the scenario's planted defects beside those of the request. */
export function simulationOf({ simulation }: Pick<Scenario, 'simulation'>, given: SimulationOptions = {}): SimulationOptions {
  const plant: PlantedDefect[] = [...new Set([...(given.plant ?? []), ...(simulation?.plant ?? [])])]
  return { ...given, ...(plant.length === 0 ? {} : { plant }) }
}

/** Whoever reads a verdict must know that the gateways were broken on purpose, or that they were meant to be and were not. */
export function plantedLimits({ plant = [] }: SimulationOptions, { kind, time }: Pick<Substrate, 'kind' | 'time'>): string[] {
  return plant.map((defect) => time === 'virtual' ? `planted defect: ${defect}` : `planted defect: ${defect} cannot be planted on ${kind}`)
}

/** Hand-written suites make their own requests, which only k6 can play; in virtual time the load's mix is played. */
export function unplayedSuites({ loads }: Pick<Scenario, 'loads'>, { time }: Pick<Substrate, 'time'>): string[] {
  return time === 'real' ? [] : loads.flatMap(({ name, suite }) => suite === null ? [] : [`load ${name}: the suite ${suite} is not played in virtual time, its mix is`])
}
