// Where the requests of a scenario may be served, found out before anything runs: verdicts are told by the name of a
// template, so all that share one must mean the same regions, and probes of paths that nobody may serve say nothing.

import type { ConfigDocument } from '../topologies/substrate.ts'
import type { Topology } from '../topologies/topology.ts'
import { scenarioError } from './errors.ts'
import { lawfulTemplates, type LawfulRegions } from './judging/lawful-regions.ts'
import type { Reading } from './resolve-reading.ts'
import type { LoadBlock, ProberBlock } from './scenario.ts'

/** Adds RGT_SCENARIO_REFERENCE for each name whose requests differ, at the last entry that brings it. */
export function lawfulOf(reading: Reading, loads: readonly LoadBlock[], config: readonly ConfigDocument[]): LawfulRegions {
  const told = new Set<string>()
  return lawfulTemplates(config, reading.topology, loads.map(({ mix }) => mix), ({ name, message, ...details }) => {
    if (told.has(name)) return
    told.add(name)
    const bring = ({ mix }: Reading['spec']['load'][number]): number => mix.findLastIndex((entry) => entry.name === name)
    const index = reading.spec.load.findLastIndex((block) => bring(block) >= 0)
    const place = reading.source.place([...reading.pathOf('load'), index, 'mix', bring(reading.spec.load[index]), 'name'])
    reading.problems.push(scenarioError('RGT_SCENARIO_REFERENCE', message, { place, ...details }))
  })
}

/** `regions` of the prober, when its template is not served in all. */
export function servingOf(lawful: LawfulRegions, { template }: ProberBlock, { regions }: Topology): Pick<ProberBlock, 'regions'> {
  const serving = lawful.get(template)?.serving
  return serving === undefined || serving.length === regions.length ? {} : { regions: serving }
}
