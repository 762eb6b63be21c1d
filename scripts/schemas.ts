// Every JSON Schema the project publishes, by name, derived from the registries and schemas in the rooms.
// Run as a program it writes them to `schemas/`; a test fails when the committed ones fell behind.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { configSchemas } from '../gateway/config/schemas.ts'
import { scenarioJsonSchema } from '../scenarios/schema.ts'
import { verdictJsonSchema } from '../scenarios/verdict.schema.ts'
import { topologyJsonSchema } from '../topologies/schema.ts'
import { projectRoot } from './environment.ts'

export const schemasFolder = join(projectRoot, 'schemas')

export function allSchemas(): Record<string, object> {
  return {
    scenario: scenarioJsonSchema(),
    topology: topologyJsonSchema(),
    verdict: verdictJsonSchema(),
    ...Object.fromEntries(Object.entries(configSchemas()).map(([kind, schema]) => [`gateway-${kind.toLowerCase()}`, schema as object])),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(schemasFolder, { recursive: true })
  for (const [name, schema] of Object.entries(allSchemas())) writeFileSync(join(schemasFolder, `${name}.json`), `${JSON.stringify(schema, null, 2)}\n`)
}
