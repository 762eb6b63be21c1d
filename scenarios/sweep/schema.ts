// The shape of a sweep file, and nothing of its meaning. Axes come from the registry, so that a new one needs no line
// here and editors complete them.

import { z } from 'zod'
import { durationUs } from '../../gateway/config/duration.ts'
import { axisValue } from './axis.ts'
import { axes, type AxisName } from './axes.ts'

const label = z.string().regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'a lower-case name of letters, digits and hyphens')

/** A strict map with a key an axis; what stands under it is made from a value's schema. */
function byAxis<T extends z.ZodType>(of: (value: z.ZodType<number, string | number>) => T): z.ZodType<Partial<Record<AxisName, z.output<T>>>> {
  const shape = Object.fromEntries(axes.map(({ name, unit, description }) => [name, of(axisValue[unit]).optional().describe(description)]))
  return z.strictObject(shape) as unknown as z.ZodType<Partial<Record<AxisName, z.output<T>>>>
}

export const defaultObjectiveUs = 5_000_000

export const sweepSchema = z.strictObject({
  apiVersion: z.literal('regatta.dev/v1alpha1'),
  kind: z.literal('Sweep'),
  metadata: z.strictObject({
    name: label,
    description: z.string().min(1).describe('What is swept over, what the map is expected to show, and why.'),
  }),
  spec: z.strictObject({
    scenario: z.string().min(1).describe('Name in the catalogue, or path relative to this file.'),
    fast: z.boolean().default(false).describe('The short form of the scenario.'),
    seeds: z.int().min(1).max(10_000).default(3).describe('Each cell runs this often, with seeds counting up from 1.'),
    objective: durationUs.default(defaultObjectiveUs).describe('Failover below this is safe.'),
    fixed: byAxis((value) => value).default({}).describe('Settings that are the same in every cell.'),
    axes: byAxis((value) => z.array(value).min(1)).describe('Values to try, by axis. The first axis lies across the heat maps, the second down.'),
  }),
})

export type SweepFile = z.output<typeof sweepSchema>

/** JSON Schema of the file as people write it, for editors. */
export function sweepJsonSchema(): object {
  return z.toJSONSchema(sweepSchema, { io: 'input' })
}
