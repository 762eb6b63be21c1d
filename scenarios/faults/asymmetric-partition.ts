// Packets get through one way only. With the answers lost, the far side works on requests whose results never
// arrive, and each side holds the other for broken for a different reason.

import { z } from 'zod'
import { defineFault, whole } from './fault.ts'
import { placeRef } from './parameters.ts'
import { homeRegion, knownLink, pathsOver } from './paths.ts'

export const asymmetricPartition = defineFault({
  kind: 'asymmetric-partition',
  description: 'Black hole on one direction of one link; the other direction works.',
  shade: 'one-way loss',
  parameters: z.strictObject({
    from: placeRef.describe('Where the packets that vanish come from.'),
    to: placeRef.describe('Where they never arrive.'),
  }),
  compose({ from, to }, window) {
    const { topology } = window
    const direction = knownLink(topology, from, to)
    const paths = pathsOver(topology, [direction])
    const affected = topology.clients
      .filter((group) => paths.some((path) => path.group === group.name && path.region === homeRegion(topology, group)))
      .map((group) => homeRegion(topology, group))
    return {
      primitives: whole(window, { kind: 'cut', on: [direction], mode: 'black-hole' }, { expect: 'silent' }, paths),
      affectedRegions: [...new Set(affected)],
    }
  },
})
