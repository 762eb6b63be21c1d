// The smallest worlds that clusters are tried with: the first regions of three-regions with their points of presence and
// clients, and a scenario in which little or nothing happens. Written where a test wants them.

import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse, stringify } from 'yaml'
import { projectRoot } from './environment.ts'

interface TopologyFile {
  metadata: { name: string }
  spec: { regions: { name: string }[]; edges: { name: string; home: string }[]; clients: { entry: { edge: string } }[]; links?: unknown; gateway: { config: string[] }; clusters?: object }
}
interface ScenarioFile { metadata: { name: string }; spec: { topology: string } & Record<string, unknown> }

export interface Small { /** Path of the topology. */ topology: string; /** Path of the scenario. */ scenario: string; name: string }

/** `spec` lies over that of the quiet scenario. */
export function writeSmall(folder: string, { regions = 1, spec = {}, clusters }: { regions?: number; spec?: object; clusters?: object } = {}): Small {
  const catalog = join(projectRoot, 'topologies', 'catalog')
  const topology = read<TopologyFile>(join(catalog, 'three-regions.yaml'))
  const kept = topology.spec.regions.slice(0, regions)
  const edges = topology.spec.edges.filter(({ home }) => kept.some(({ name }) => name === home))
  // What `up` records is called after it, in a folder that all tests share.
  const name = `small-${basename(folder).toLowerCase()}`
  topology.metadata.name = name
  topology.spec = {
    ...topology.spec, regions: kept, edges, links: [],
    clients: topology.spec.clients.filter(({ entry }) => edges.some((edge) => edge.name === entry.edge)),
    gateway: { ...topology.spec.gateway, config: topology.spec.gateway.config.map((file) => join(catalog, file)) },
    ...(clusters === undefined ? {} : { clusters }),
  }
  const scenario = read<ScenarioFile>(join(projectRoot, 'scripts', 'quiet.case.yaml'))
  const files = { topology: join(folder, `${name}.yaml`), scenario: join(folder, `${name}.scenario.yaml`), name }
  scenario.spec = { ...scenario.spec, ...spec, topology: files.topology }
  writeFileSync(files.topology, stringify(topology))
  writeFileSync(files.scenario, stringify(scenario))
  return files
}

const read = <File>(file: string): File => parse(readFileSync(file, 'utf8')) as File
