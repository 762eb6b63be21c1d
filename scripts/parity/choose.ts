// Which scenarios a comparison plays: those that were named, or the drills that can show something.

import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { withRateShare } from '../../scenarios/adapted.ts'
import { catalogScenarios, loadScenarioAndTopology } from '../../scenarios/load-scenario.ts'
import { plan } from '../../scenarios/plan.ts'
import type { Scenario } from '../../scenarios/scenario.ts'
import { whyUnsupported, type Capabilities } from '../../topologies/primitives.ts'
import type { Topology } from '../../topologies/topology.ts'
import { projectRoot } from '../environment.ts'

export interface ParityScenario {
  /** As `regatta run` takes it, to do one run again. */
  given: string
  scenario: Scenario
  topology: Topology
  calibratedOn: boolean
}

interface Wanted {
  fast: boolean
  /** Of every load's rate. */
  rateShare: number
  /** null = the constants are the defaults */
  calibratedOn: string | null
  seed: number
  /** Of each side. */
  capabilities: readonly Capabilities[]
}

const folder = join(projectRoot, 'scenarios', 'parity')

/** Rate up to which a run on the sockets of a small machine is to be believed, and how many regions it can hold. */
const mostRate = 600
const mostRegions = 5

/** Names of the scenarios that were made for comparing. */
export function parityNames(): string[] {
  return readdirSync(folder).filter((name) => name.endsWith('.yaml')).map((name) => basename(name, '.yaml')).sort()
}

/** Throws what loading throws. By default: what has faults that every side can make, fits on sockets, and was not calibrated on. */
export async function parityScenarios(names: readonly string[], wanted: Wanted): Promise<ParityScenario[]> {
  if (names.length > 0) return Promise.all(names.map((name) => chosen(name, wanted)))
  const catalog = (await catalogScenarios()).map(({ name }) => name)
  const all = await Promise.all([...parityNames(), ...catalog].map((name) => chosen(name, wanted)))
  return all.filter(({ scenario, topology, calibratedOn }) => {
    const { faults, offeredRate = 0 } = plan(scenario, topology, wanted.seed)
    const everywhere = faults.every(({ primitive }) => wanted.capabilities.every((side) => whyUnsupported(side, primitive) === null))
    return faults.length > 0 && everywhere && !calibratedOn && topology.regions.length <= mostRegions && offeredRate <= mostRate
  })
}

async function chosen(name: string, { fast, rateShare, calibratedOn }: Wanted): Promise<ParityScenario> {
  const own = parityNames().includes(name)
  const { scenario: whole, topology } = await loadScenarioAndTopology(own ? join(folder, `${name}.yaml`) : name, { fast })
  const scenario = withRateShare(whole, rateShare)
  return { given: own ? `scenarios/parity/${name}.yaml` : name, scenario, topology, calibratedOn: scenario.name === calibratedOn }
}
