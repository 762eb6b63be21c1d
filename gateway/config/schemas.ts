// JSON Schemas of the configuration kinds, as editors complete and check them while a file is written.

import { z } from 'zod'
import { kinds, type Kind } from './kinds/index.ts'

/** One JSON Schema (draft 2020-12) a kind, of what a person writes: durations are strings, defaults are optional. */
export function configSchemas(): Record<Kind, Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, schema]) => [kind, z.toJSONSchema(schema as z.ZodType, { io: 'input' }) as Record<string, unknown>]),
  ) as Record<Kind, Record<string, unknown>>
}
