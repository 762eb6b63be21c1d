// What a search is asked, made ready: the scenario with the load and the defects that all of its runs have, checked by
// one plan and one schedule before any thread is started.

import { whyUnsupported } from '../../topologies/primitives.ts'
import type { ConfigDocument, PlantedDefect, Substrate } from '../../topologies/substrate.ts'
import { invariantMeanings, unwatched } from '../../topologies/substrates/simulated/invariants.ts'
import type { Topology } from '../../topologies/topology.ts'
import { plantedLimits, simulationOf } from '../declare.ts'
import { scenarioError } from '../errors.ts'
import { plan } from '../plan.ts'
import type { Scenario } from '../scenario.ts'
import type { SearchAsked, SearchResult } from './result.ts'
import { generateSchedule } from './schedules.ts'
import { runsToItsEnd, type TrialGround } from './trial.ts'
import { widened } from './widen.ts'

export interface SearchInput {
  /** As it was typed. */
  name: string
  scenario: Scenario
  topology: Topology
  /** What the gateways start with. */
  config: ConfigDocument[]
  substrate: Substrate
  form: SearchAsked['form']
  seed: number
  runs: number | null
  keepGoing: boolean
  plant: readonly PlantedDefect[]
}

export interface PreparedSearch {
  asked: SearchAsked
  ground: TrialGround
  about: Pick<SearchResult, 'watched' | 'unwatched' | 'limits'>
}

/** Throws RGT_SEARCH_SUBSTRATE, and what `plan` and `generateSchedule` throw. */
export function prepareSearch({ name, scenario, topology, config, substrate, form, seed, runs, keepGoing, plant }: SearchInput): PreparedSearch {
  if (substrate.time !== 'virtual') {
    throw scenarioError('RGT_SEARCH_SUBSTRATE', `a search needs virtual time, and ${substrate.kind} has none`, { expected: 'the simulated substrate' })
  }
  const simulation = simulationOf(scenario, { plant: [...plant] })
  const wide = widened(scenario, topology, config)
  // Tools are for sockets; a search and its findings play in virtual time.
  const options = { ...scenario.options, requireTools: [], toolPaths: {} }
  const searched: Scenario = { ...wide.scenario, options, ...(simulation.plant === undefined ? {} : { simulation: { plant: simulation.plant } }) }
  const capabilities = substrate.capabilities()
  const planned = plan({ ...searched, method: generateSchedule({ scenario: searched, topology, capabilities }, seed) }, topology, seed)
  const left = [...new Set(planned.faults.flatMap(({ name: fault, primitive }) => {
    const why = whyUnsupported(capabilities, primitive)
    return why === null ? [] : [`unsupported: ${fault} needs ${primitive.kind}: ${why}`]
  }))]
  return {
    asked: { scenario: name, form, topology: topology.name, gateway: 'reference', plant: simulation.plant ?? [], seed, runs, keepGoing },
    ground: { scenario: searched, topology, config, gateway: 'reference' },
    about: {
      watched: { ...invariantMeanings, [runsToItsEnd]: 'a run can be played to its end' },
      unwatched: { ...unwatched },
      limits: [...wide.limits, ...left, ...plantedLimits(simulation, substrate)],
    },
  }
}
