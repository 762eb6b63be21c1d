// Finds and reads scenarios: by the name of the catalogue or by path, YAML, JSON or TypeScript, always through
// the same checks. What a scenario means is worked out in `resolve.ts`.

import { existsSync, readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { fromObjects, readDocuments, type SourceDocument } from '../gateway/config/document.ts'
import { nearest, parseShape } from '../gateway/config/shape.ts'
import { gatewayConfig } from '../topologies/gateway-config.ts'
import { loadTopology } from '../topologies/load.ts'
import type { Topology } from '../topologies/topology.ts'
import { scenarioError } from './errors.ts'
import { resolveScenario } from './resolve.ts'
import type { Scenario } from './scenario.ts'
import { scenarioSchema } from './schema.ts'

export interface LoadOptions {
  /** The short form: the file's `fast` block laid over the rest; the same as the long one when it has none. */
  fast?: boolean
}

export interface CatalogEntry { name: string; description: string; mustExit: number | null; mustSay: string | null; file: string }

const catalogDir = join(import.meta.dirname, 'catalog')
const mustFailDir = join(import.meta.dirname, 'must-fail')

/**
 * A scenario by catalogue name or by path (anything with a slash or an ending is a path). Throws CodedError
 * RGT_SCENARIO_UNKNOWN, CodedErrors with the place of each problem, or what `loadTopology` throws.
 */
export async function loadScenario(nameOrPath: string, options: LoadOptions = {}): Promise<Scenario> {
  return (await loadScenarioAndTopology(nameOrPath, options)).scenario
}

/** The same with the topology that it was checked against, so that nobody reads that twice. */
export async function loadScenarioAndTopology(
  nameOrPath: string, options: LoadOptions = {},
): Promise<{ scenario: Scenario; topology: Topology }> {
  const source = await readScenario(findScenario(nameOrPath))
  const file = parseShape(scenarioSchema, source, 'RGT_SCENARIO_SCHEMA')
  const topologyName = isPath(file.spec.topology) ? resolve(dirname(source.file), file.spec.topology) : file.spec.topology
  const topology = await loadTopology(topologyName)
  const scenario = await resolveScenario(file, source, {
    fast: options.fast ?? false, topologyName, topology, base: await gatewayConfig(topology),
    readConfig: async (path) => readDocuments(await readFile(path, 'utf8'), path),
  })
  return { scenario, topology }
}

/** What the catalogue holds, by name. `file` is an absolute path. */
export async function catalogScenarios(): Promise<CatalogEntry[]> {
  return Promise.all(filesOf(catalogDir).map(describe))
}

/**
 * The must-fail scenarios, by name; those that need nothing, or those of one mesh. Some are meant not to load, so only name, description, `mustExit` and `mustSay` are read.
 * Throws RGT_SCENARIO_SCHEMA for a file without the exit code that it must end with.
 */
export async function mustFailScenarios(mesh?: string): Promise<CatalogEntry[]> {
  const entries = await Promise.all(filesOf(mesh === undefined ? mustFailDir : join(mustFailDir, 'beside-a-mesh')).map(async (file) => {
    const source = await readScenario(file)
    const { metadata, spec } = parseShape(mustFailHead, source, 'RGT_SCENARIO_SCHEMA')
    return { ...metadata, mustExit: spec.mustExit, mustSay: spec.mustSay, file, mesh: spec.mesh?.split(':')[0] }
  }))
  return entries.filter((entry) => entry.mesh === mesh).map(({ mesh: _mesh, ...entry }) => entry)
}

const mustFailHead = z.looseObject({
  metadata: z.object({ name: z.string(), description: z.string() }),
  spec: z.looseObject({ mustExit: z.int(), mustSay: z.string(), mesh: z.string().optional() }),
})

async function describe(file: string): Promise<CatalogEntry> {
  const { metadata, spec } = parseShape(scenarioSchema, await readScenario(file), 'RGT_SCENARIO_SCHEMA')
  return { name: metadata.name, description: metadata.description, mustExit: spec.mustExit, mustSay: spec.mustSay, file }
}

function findScenario(nameOrPath: string): string {
  const file = isPath(nameOrPath) ? resolve(nameOrPath) : join(catalogDir, `${nameOrPath}.yaml`)
  if (existsSync(file)) return file
  const names = filesOf(catalogDir).map((path) => basename(path, '.yaml'))
  const near = nearest(nameOrPath, names)
  throw scenarioError('RGT_SCENARIO_UNKNOWN', `there is no scenario \`${nameOrPath}\``, {
    expected: isPath(nameOrPath) ? 'a file' : `one of ${names.join(', ')}, or the path of a file`,
    found: isPath(nameOrPath) ? `nothing at ${file}` : nameOrPath,
    ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  })
}

async function readScenario(file: string): Promise<SourceDocument> {
  if (file.endsWith('.ts')) return readModule(file)
  const documents = readDocuments(await readFile(file, 'utf8'), file, 'RGT_SCENARIO_SYNTAX')
  if (documents.length === 1) return documents[0]
  throw scenarioError('RGT_SCENARIO_SCHEMA', 'a scenario file holds one document', {
    place: { file }, expected: '1 document', found: `${documents.length} documents`,
  })
}

async function readModule(file: string): Promise<SourceDocument> {
  try {
    const module = await import(pathToFileURL(file).href) as { default?: unknown }
    if (module.default !== undefined) {
      const [document] = fromObjects([module.default], file)
      return { ...document, place: (path) => ({ file, path: document.place(path).path?.replace(/^\[0\]\.?/, '') }) }
    }
  } catch (cause) {
    throw scenarioError('RGT_SCENARIO_SYNTAX', 'the module cannot be loaded', { place: { file }, found: String(cause), cause })
  }
  throw scenarioError('RGT_SCENARIO_SCHEMA', 'the module exports no scenario', {
    place: { file }, expected: 'export default defineScenario({ … })', found: 'no default export',
  })
}

function isPath(nameOrPath: string): boolean {
  return /[/\\]|\.(ya?ml|json|ts)$/.test(nameOrPath)
}

function filesOf(directory: string): string[] {
  return readdirSync(directory).filter((name) => name.endsWith('.yaml')).sort().map((name) => join(directory, name))
}
