// What a sweep alters: a scenario, the topology it runs on, and the gateway configuration below it. Axes are pure
// functions from one subject to another, so a cell of the grid is nothing but an ordinary scenario.

import { gatewayConfig } from '../../topologies/gateway-config.ts'
import type { ConfigDocument } from '../../topologies/substrate.ts'
import type { Topology } from '../../topologies/topology.ts'
import { loadScenarioAndTopology, type LoadOptions } from '../load-scenario.ts'
import { overlay } from '../overlay.ts'
import type { Scenario } from '../scenario.ts'

export interface Subject {
  scenario: Scenario
  topology: Topology
  /** The topology's own gateway configuration, which the scenario's documents lie over. */
  base: readonly ConfigDocument[]
}

/** Throws what reading a scenario throws. */
export async function loadSubject(nameOrPath: string, options: LoadOptions): Promise<Subject> {
  const { scenario, topology } = await loadScenarioAndTopology(nameOrPath, options)
  return { scenario, topology, base: await gatewayConfig(topology) }
}

/** Gateway configuration as a run would start with it. */
export function documentsOf({ scenario, base }: Subject): ConfigDocument[] {
  return overlay(base, scenario.config)
}

/** With documents put over those of the scenario; one of the same kind and name is replaced. */
export function withDocuments(subject: Subject, documents: readonly ConfigDocument[]): Subject {
  const { scenario } = subject
  return { ...subject, scenario: { ...scenario, config: overlay(scenario.config, documents) } }
}
