// Finds and reads topologies: by the name of the catalogue or by path, always through the same checks.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { nearest, parseShape } from '../gateway/config/shape.ts'
import { readDocuments } from '../gateway/config/document.ts'
import { topologyError } from './errors.ts'
import { resolveTopology } from './resolve.ts'
import { topologySchema } from './schema.ts'
import type { Topology } from './topology.ts'

const catalogDir = join(import.meta.dirname, 'catalog')

/** What the catalogue holds, by name. `file` is an absolute path. */
export function catalogTopologies(): { name: string; description: string; file: string }[] {
  return catalogFiles().map((file) => {
    const { name, description } = readTopology(file)
    return { name, description, file }
  })
}

/**
 * A topology by catalogue name or by path (anything with a slash or an ending is a path). Throws CodedError
 * RGT_TOPOLOGY_UNKNOWN, or CodedErrors with the place of each problem.
 */
export async function loadTopology(nameOrPath: string): Promise<Topology> {
  const isPath = /[/\\]|\.(ya?ml|json)$/.test(nameOrPath)
  const file = isPath ? resolve(nameOrPath) : join(catalogDir, `${nameOrPath}.yaml`)
  if (existsSync(file)) return readTopology(file)
  const names = catalogFiles().map((path) => basename(path, '.yaml'))
  const near = nearest(nameOrPath, names)
  throw topologyError('RGT_TOPOLOGY_UNKNOWN', `there is no topology \`${nameOrPath}\``, {
    expected: isPath ? 'a file' : `one of ${names.join(', ')}, or the path of a file`,
    found: isPath ? `nothing at ${file}` : nameOrPath,
    ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  })
}

function readTopology(file: string): Topology {
  const documents = readDocuments(readFileSync(file, 'utf8'), file)
  if (documents.length !== 1) {
    throw topologyError('RGT_TOPOLOGY_SCHEMA', 'a topology file holds one document', {
      place: { file }, expected: '1 document', found: `${documents.length} documents`,
    })
  }
  return resolveTopology(parseShape(topologySchema, documents[0], 'RGT_TOPOLOGY_SCHEMA'), documents[0])
}

function catalogFiles(): string[] {
  return readdirSync(catalogDir).filter((name) => name.endsWith('.yaml')).sort().map((name) => join(catalogDir, name))
}
