// What a file or name is and whether it holds: a scenario, a topology, a sweep, or gateway configuration, each read as a run
// would read it. Files of gateway configuration are one configuration, however many they are.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { readDocuments, type SourceDocument } from '../gateway/config/document.ts'
import { federate, type FederationConfig } from '../gateway/config/federate.ts'
import { kinds } from '../gateway/config/kinds/index.ts'
import { CodedError, CodedErrors } from '../gateway/errors.ts'
import { catalogScenarios, loadScenarioAndTopology } from '../scenarios/load-scenario.ts'
import { limitsInRealTime, plan } from '../scenarios/plan.ts'
import { isSweep, loadSweep } from '../scenarios/sweep/load-sweep.ts'
import { prepareSweep } from '../scenarios/sweep/play-sweep.ts'
import { loadSubject } from '../scenarios/sweep/subject.ts'
import { gatewayConfig } from '../topologies/gateway-config.ts'
import { catalogTopologies, loadTopology } from '../topologies/load.ts'
import { commandError } from './errors.ts'

export type Validated =
  | { kind: 'Scenario'; name: string; description: string; file: string; seconds: number; offeredRate: number; limits: readonly string[] }
  | { kind: 'Topology'; name: string; description: string; file: string; regions: number; services: number; edges: number }
  | { kind: 'Sweep'; name: string; description: string; file: string; cells: number; runs: number }
  | { kind: 'GatewayConfiguration'; name: string; files: string[]; documents: number; routes: number; limits: string[] }

export interface Task {
  /** As it was typed. */
  name: string
  check(): Promise<Validated>
}

type Group = 'scenario' | 'topology' | 'sweep' | 'configuration'

/** One task a scenario or topology, one for all gateway configuration together. A name may be a scenario's and a topology's. */
export async function tasksFor(names: readonly string[], fast: boolean): Promise<Task[]> {
  const topologies = catalogTopologies().map(({ name }) => name)
  const scenarios = (await catalogScenarios()).map(({ name }) => name)
  if (names.length === 0) {
    return [...scenarios.map((name) => scenarioTask(name, fast)), ...topologies.map(topologyTask)]
  }
  const configuration: string[] = []
  const tasks: Task[] = []
  for (const name of names) {
    const group = attempted(() => groupOf(name, topologies))
    if (group instanceof Error) tasks.push({ name, check: () => Promise.reject(group) })
    else if (group === 'configuration') configuration.push(name)
    else if (scenarios.includes(name) && topologies.includes(name)) tasks.push(scenarioTask(name, fast), topologyTask(name))
    else if (group === 'sweep') tasks.push(sweepTask(name))
    else tasks.push(group === 'topology' ? topologyTask(name) : scenarioTask(name, fast))
  }
  if (configuration.length > 0) tasks.push({ name: configuration.join(', '), check: async () => checkConfiguration(configuration) })
  return tasks
}

function scenarioTask(name: string, fast: boolean): Task {
  return {
    name,
    async check() {
      const { scenario, topology } = await loadScenarioAndTopology(name, { fast })
      const planned = plan(scenario, topology, 1)
      const { endUs, offeredRate = 0, limits = [] } = planned
      return { kind: 'Scenario', name: scenario.name, description: scenario.description, file: scenario.file, seconds: endUs / 1e6, offeredRate, limits: [...limits, ...limitsInRealTime(planned)] }
    },
  }
}

function topologyTask(name: string): Task {
  return {
    name,
    async check() {
      const topology = await loadTopology(name)
      await gatewayConfig(topology)
      const file = catalogTopologies().find((entry) => entry.name === name)?.file ?? resolve(name)
      const { regions, services, edges } = topology
      return {
        kind: 'Topology', name: topology.name, description: topology.description, file,
        regions: regions.length, services: services.length, edges: edges.length,
      }
    },
  }
}

/** Every cell is made and held against what gateways accept; none is played. */
function sweepTask(name: string): Task {
  return {
    name,
    async check() {
      const sweep = loadSweep(name)
      const { cells } = prepareSweep(sweep, await loadSubject(sweep.scenario, { fast: sweep.fast }))
      return { kind: 'Sweep', name: sweep.name, description: sweep.description, file: sweep.file ?? name, cells: cells.length, runs: cells.length * sweep.seeds.length }
    },
  }
}

function attempted<T>(work: () => T): T | Error {
  try {
    return work()
  } catch (error) {
    return error as Error
  }
}

/** What a name or file holds, by the kind of its first document. Whatever is no file is taken for a scenario. */
function groupOf(name: string, topologies: readonly string[]): Group {
  const file = resolve(name)
  if (!/[/\\]|\.(ya?ml|json)$/.test(name)) return topologies.includes(name) ? 'topology' : isSweep(name) ? 'sweep' : 'scenario'
  if (!/\.(ya?ml|json)$/.test(name) || !existsSync(file)) return 'scenario'
  const [document] = readDocuments(read(file), name)
  const kind = (document?.value as { kind?: unknown } | undefined)?.kind
  if (kind === 'Scenario') return 'scenario'
  if (kind === 'Topology') return 'topology'
  if (kind === 'Sweep') return 'sweep'
  if (typeof kind === 'string' && Object.hasOwn(kinds, kind)) return 'configuration'
  throw commandError('this file holds nothing that Regatta reads', {
    place: document === undefined ? { file: name } : document.place(['kind']),
    expected: `a document of kind Scenario, Topology, Sweep, ${Object.keys(kinds).join(', ')}`,
    found: document === undefined ? 'no document' : `kind ${String(kind)}`,
  }, 'RGT_COMMAND_FILE')
}

/**
 * The files as one configuration. What they refer to may also stand in other files beside them, because a configuration
 * is seldom checked whole while one file of it is written; those are looked up only, and the answer says so.
 */
function checkConfiguration(names: readonly string[]): Validated {
  const given = names.flatMap((name) => readDocuments(read(resolve(name)), name))
  const answer = ({ routes, warnings }: FederationConfig, notes: string[]): Validated => ({
    kind: 'GatewayConfiguration', name: names.join(', '), files: names.map((name) => resolve(name)),
    documents: given.length, routes: routes.length, limits: [...notes, ...warnings.map(String)],
  })
  try {
    return answer(federate(given), [])
  } catch (error) {
    const dangling = error instanceof CodedErrors && error.errors.every(({ code }) => code === 'RGT_CONFIG_REFERENCE')
    const beside = dangling ? documentsBeside(names, given) : []
    if (beside.length === 0) throw error
    const whole = attempted(() => federate([...given, ...beside]))
    if (!(whole instanceof Error)) return answer(whole, [`references were looked up in ${[...new Set(beside.map(({ file }) => file))].join(', ')}`])
    const ours = whole instanceof CodedErrors ? whole.errors.filter(({ details }) => names.includes(details.place?.file ?? '')) : []
    throw ours.length > 0 ? new CodedErrors(ours) : whole
  }
}

/** Well-formed gateway documents in the same folders that the given ones do not replace. */
function documentsBeside(names: readonly string[], given: readonly SourceDocument[]): SourceDocument[] {
  const taken = new Set(given.map(keyOf))
  const known = new Set(names.map((name) => resolve(name)))
  const files = [...new Set(names.map(dirname))]
    .flatMap((folder) => readdirSync(folder).sort().map((entry) => join(folder, entry)))
    .filter((file) => /\.(ya?ml|json)$/.test(file) && !known.has(resolve(file)))
  return files.flatMap((file) => {
    const documents = attempted(() => readDocuments(readFileSync(file, 'utf8'), file))
    return documents instanceof Error ? [] : documents.filter((document) => {
      const key = keyOf(document)
      if (key === null || taken.has(key)) return false
      taken.add(key)
      return true
    })
  })
}

function keyOf({ value }: SourceDocument): string | null {
  const { kind, metadata } = value as { kind?: string; metadata?: { name?: string; namespace?: string } }
  return kind !== undefined && Object.hasOwn(kinds, kind) ? `${kind} ${metadata?.namespace ?? 'default'}/${metadata?.name}` : null
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new CodedError('RGT_COMMAND_FILE', 'the file cannot be read', { place: { file }, found: (cause as Error).message, cause })
  }
}
