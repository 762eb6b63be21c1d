// Some packets into and out of a region are lost. Connections live, most requests are as fast as ever, and the rest wait
// for a retransmission: the tail grows while every health check passes.

import { z } from 'zod'
import { defineFault, whole } from './fault.ts'
import { region } from './parameters.ts'
import { knownRegion, pathsInto } from './paths.ts'

/** Linux waits at least 200 ms before it sends a lone packet again (RTO_MIN; the tail loss probe of RFC 8985 adds as much for a delayed acknowledgement). */
const retransmissionMs = 100
/** A witness of some 50 samples sees fewer than this part of the true share less often than once in 100 (binomial, from a tenth on). */
const surely = 0.4

export const packetLoss = defineFault({
  kind: 'packet-loss',
  description: 'A share of the packets into and out of a region is lost.',
  shade: 'packet loss',
  parameters: z.strictObject({
    region,
    share: z.number().min(0.01).max(1).default(0.1).describe('Of the packets in each direction, 0.01 to 1. Below 0.05 a short fault may not show.'),
  }),
  compose({ region, share }, window) {
    knownRegion(window.topology, region)
    // A request and its answer are at least one packet each.
    const hit = 1 - (1 - share) ** 2
    return {
      primitives: whole(
        window, { kind: 'loss', regions: [region], share }, { expect: 'slower', byMs: retransmissionMs, share: hit * surely }, pathsInto(window.topology, region),
      ),
      affectedRegions: [region],
    }
  },
})
