// One link between two places, cut. The smallest fault there is: it shows that a fault on a link that
// carries no traffic is found out, and isolates what one link is worth.

import { z } from 'zod'
import { defineFault, whole } from './fault.ts'
import { placeRef } from './parameters.ts'
import { homeRegion, knownLink, pathsOver } from './paths.ts'

export const linkCut = defineFault({
  kind: 'link-cut',
  description: 'One link is cut in both directions: black-hole (silent) or refuse (closed).',
  shade: 'link cut',
  parameters: z.strictObject({
    from: placeRef,
    to: placeRef,
    mode: z.enum(['black-hole', 'refuse']).default('black-hole'),
  }),
  compose({ from, to, mode }, window) {
    const { topology } = window
    const on = [knownLink(topology, from, to), knownLink(topology, to, from)]
    const paths = pathsOver(topology, on)
    const affected = topology.clients
      .filter((group) => paths.some((path) => path.group === group.name && path.region === homeRegion(topology, group)))
      .map((group) => homeRegion(topology, group))
    return {
      primitives: whole(window, { kind: 'cut', on, mode }, { expect: mode === 'refuse' ? 'broken' : 'silent' }, paths),
      affectedRegions: [...new Set(affected)],
    }
  },
})
