// Every JSON Schema the project publishes, by name, derived from the registries and schemas in the rooms.
// `generate.ts` writes them to `schemas/`, and `regatta init` beside a person's own files.

import { configSchemas } from '../gateway/config/schemas.ts'
import { modelJsonSchema } from '../scenarios/calibration/model-file.ts'
import { comparisonJsonSchema } from '../scenarios/compare/document.ts'
import { parityJsonSchema } from '../scenarios/parity/document.ts'
import { scenarioJsonSchema } from '../scenarios/schema.ts'
import { sweepResultJsonSchema } from '../scenarios/sweep/result.schema.ts'
import { sweepJsonSchema } from '../scenarios/sweep/schema.ts'
import { verdictJsonSchema } from '../scenarios/verdict.schema.ts'
import { topologyJsonSchema } from '../topologies/schema.ts'

/** Schema by name; `gateway` is any one document of gateway configuration, by its kind. */
export function allSchemas(): Record<string, object> {
  const kinds = Object.entries(configSchemas()).map(([kind, schema]) => [kind, `gateway-${kind.toLowerCase()}`, schema] as const)
  return {
    scenario: scenarioJsonSchema(),
    topology: topologyJsonSchema(),
    verdict: verdictJsonSchema(),
    'simulation-model': modelJsonSchema(),
    parity: parityJsonSchema(),
    comparison: comparisonJsonSchema(),
    sweep: sweepJsonSchema(),
    'sweep-result': sweepResultJsonSchema(),
    gateway: {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: 'A document of gateway configuration',
      type: 'object',
      properties: { kind: { enum: kinds.map(([kind]) => kind) } },
      required: ['kind'],
      // oxlint-disable-next-line unicorn/no-thenable -- JSON Schema's own word; nobody awaits it
      allOf: kinds.map(([kind, name]) => ({ if: { properties: { kind: { const: kind } } }, then: { $ref: `./${name}.json` } })),
    },
    ...Object.fromEntries(kinds.map(([, name, schema]) => [name, schema as object])),
  }
}

/** File name → text, as they are committed. */
export function schemaFiles(): Record<string, string> {
  return Object.fromEntries(Object.entries(allSchemas()).map(([name, schema]) => [`${name}.json`, `${JSON.stringify(schema, null, 2)}\n`]))
}
