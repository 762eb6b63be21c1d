// The way to a region grows longer and nothing breaks. A gateway that calls this an outage ejects a healthy
// region; one that ignores it sends clients the slow way.

import { z } from 'zod'
import { durationUs } from '../../gateway/config/duration.ts'
import { linksOfRegion } from '../../topologies/region-links.ts'
import { defineFault, whole } from './fault.ts'
import { region } from './parameters.ts'
import { knownRegion, pathsInto } from './paths.ts'

export const latencySpike = defineFault({
  kind: 'latency-spike',
  description: 'Every link of a region is slower by a one-way delay, each direction.',
  shade: 'slow links',
  parameters: z.strictObject({
    region,
    delay: durationUs.default(150_000).describe('Added to each direction; a round trip pays it twice.'),
    jitter: durationUs.default(0).describe('Spread around the delay.'),
  }),
  compose({ region, delay, jitter }, window) {
    knownRegion(window.topology, region)
    const primitive = {
      kind: 'delay' as const, on: linksOfRegion(window.topology, region), delayMs: delay / 1000, jitterMs: jitter / 1000,
    }
    // A round trip pays the delay twice; one delay's worth is proof enough.
    const symptom = { expect: 'slower' as const, byMs: delay / 1000 }
    return {
      primitives: whole(window, primitive, symptom, pathsInto(window.topology, region)),
      affectedRegions: [region],
    }
  },
})
