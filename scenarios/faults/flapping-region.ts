// An outage that comes and goes. A gateway that takes a region back at the first good answer sends its
// clients into every next outage; slow recovery is what this tests.

import { z } from 'zod'
import { durationUs } from '../../gateway/config/duration.ts'
import { linksOfRegion } from '../../topologies/region-links.ts'
import { scenarioError } from '../errors.ts'
import { defineFault, type ComposedPrimitive } from './fault.ts'
import { region } from './parameters.ts'
import { knownRegion, pathsInto } from './paths.ts'

/** Shorter outages cannot be told from a slow answer by a witness that waits a second. */
const shortestUs = 500_000

export const flappingRegion = defineFault({
  kind: 'flapping-region',
  description: 'A regional outage that is switched on and off, again and again.',
  shade: 'flapping',
  parameters: z.strictObject({
    region,
    on: durationUs.default(2_000_000).describe('How long each outage lasts.'),
    off: durationUs.default(2_000_000).describe('How long the region works in between.'),
    jitter: z.number().min(0).max(0.5).default(0).describe('Each length varies by up to this share; drawn from the seed.'),
  }),
  compose({ region, on, off, jitter }, window) {
    knownRegion(window.topology, region)
    if (on < shortestUs || off < shortestUs) {
      throw scenarioError('RGT_SCENARIO_TIMELINE', 'a region cannot flap that fast', { expected: '`on` and `off` of at least 500ms' })
    }
    const vary = (us: number): number => Math.round(us * (1 + jitter * (2 * window.random.next() - 1)))
    const primitive = { kind: 'cut' as const, on: linksOfRegion(window.topology, region), mode: 'black-hole' as const }
    const paths = pathsInto(window.topology, region)
    const primitives: ComposedPrimitive[] = []
    for (let offsetUs = 0; offsetUs + shortestUs <= window.forUs;) {
      const forUs = Math.min(vary(on), window.forUs - offsetUs)
      primitives.push({ offsetUs, forUs, primitive, symptom: { expect: 'silent' }, paths })
      offsetUs += forUs + vary(off)
    }
    return { primitives, affectedRegions: [region] }
  },
})
