// The pods of one part of a region are asked to end and are replaced, as when a node is drained for maintenance. It
// happens every week and on purpose, so nothing at all may be lost: what it tests is draining.

import { z } from 'zod'
import { defineFault, whole } from './fault.ts'
import { region, regionPart, servesClients } from './parameters.ts'
import { knownRegion, pathsInto } from './paths.ts'

export const podEviction = defineFault({
  kind: 'pod-eviction',
  description: 'The pods of one part of a region are asked to end (SIGTERM), drain, and are replaced.',
  shade: 'pods evicted',
  parameters: z.strictObject({ region, part: regionPart.default('gateway').describe('Whose pods.') }),
  compose({ region, part }, window) {
    knownRegion(window.topology, region)
    const paths = servesClients(part) ? pathsInto(window.topology, region) : []
    return {
      primitives: whole(window, { kind: 'evict', at: [{ region, parts: [part] }] }, { expect: 'restarted' }, paths),
      affectedRegions: [region],
    }
  },
})
