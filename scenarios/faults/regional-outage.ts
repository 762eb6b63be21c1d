// A whole region falls silent: packets to and from it vanish while its processes run on. Silence, not
// refusal, is what a lost region looks like from outside, and it is the hardest case for passive detection.

import { z } from 'zod'
import { defineFault, whole } from './fault.ts'
import { region } from './parameters.ts'
import { knownRegion, pathsInto } from './paths.ts'

export const regionalOutage = defineFault({
  kind: 'regional-outage',
  description: 'No packet into or out of a region, whose processes run on (scope services: its services hang instead).',
  shade: 'region dark',
  parameters: z.strictObject({
    region,
    scope: z.enum(['all', 'services']).default('all').describe('all: the region with its gateways; services: its services only.'),
  }),
  compose({ region, scope }, window) {
    knownRegion(window.topology, region)
    const primitive = scope === 'all'
      ? { kind: 'isolate' as const, regions: [region] }
      : { kind: 'pause' as const, at: [{ region, parts: ['services' as const] }] }
    return {
      primitives: whole(window, primitive, { expect: 'silent' }, pathsInto(window.topology, region)),
      affectedRegions: [region],
    }
  },
})
