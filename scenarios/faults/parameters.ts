// The parameters that several faults share, so that the same word means the same in each of them.

import { z } from 'zod'
import { regionParts, type PlaceRef, type RegionPart } from '../../topologies/topology.ts'

export const region = z.string().min(1).describe('Name of a region of the topology.')

export const placeRef = z
  .string()
  .regex(/^(region|edge|clients):[a-z0-9][-a-z0-9]*$/, 'region:NAME, edge:NAME or clients:NAME')
  .describe('region:NAME, edge:NAME or clients:NAME.') as unknown as z.ZodType<PlaceRef, string>

export const regionPart = z.enum(regionParts as [RegionPart, ...RegionPart[]])
