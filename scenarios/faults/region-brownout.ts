// A region that is neither well nor dead: its services answer late, and some answers are errors. The usual
// way for a region to fail, and the one that up-or-down health checks miss.

import { z } from 'zod'
import { durationUs } from '../../gateway/config/duration.ts'
import type { Symptom } from '../../topologies/primitives.ts'
import { defineFault, whole } from './fault.ts'
import { region } from './parameters.ts'
import { knownRegion, pathsInto } from './paths.ts'

/** From this share of errors on, the errors are the surer sign; below it, the delay is. */
const errorsShow = 0.2
/** A witness of some 20 samples sees fewer than this part of the true share less often than once in 100 (binomial). */
const surely = 0.4

export const regionBrownout = defineFault({
  kind: 'region-brownout',
  description: 'The services of a region answer late, and a share of the answers are 5xx.',
  shade: 'brownout',
  parameters: z
    .strictObject({
      region,
      delay: durationUs.default(400_000).describe('Added to every answer.'),
      errorRate: z.number().min(0).max(1).default(0.5).describe('Share of requests answered 5xx, 0 to 1.'),
      services: z.array(z.string().min(1)).nullable().default(null).describe('namespace/name:port of each; default: all of the region.'),
    }),
  compose({ region, delay, errorRate, services }, window) {
    knownRegion(window.topology, region)
    const delayMs = delay / 1000
    const symptom: Symptom = errorRate >= errorsShow
      ? { expect: 'errors', share: errorRate * surely }
      : { expect: 'slower', byMs: delayMs / 2 }
    return {
      primitives: whole(window, { kind: 'degrade', at: [{ region, services }], delayMs, errorRate }, symptom, pathsInto(window.topology, region)),
      affectedRegions: [region],
    }
  },
})
