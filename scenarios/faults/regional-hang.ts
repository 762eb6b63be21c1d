// Every process of a region freezes: the kernel still accepts connections and acknowledges bytes, and nobody
// answers. A health check that only connects sees nothing wrong.

import { z } from 'zod'
import { regionParts } from '../../topologies/topology.ts'
import { defineFault, whole } from './fault.ts'
import { region } from './parameters.ts'
import { knownRegion, pathsInto } from './paths.ts'

export const regionalHang = defineFault({
  kind: 'regional-hang',
  description: 'Every process of a region is paused (SIGSTOP) and continued when healed.',
  shade: 'region frozen',
  parameters: z.strictObject({ region }),
  compose({ region }, window) {
    knownRegion(window.topology, region)
    const paths = pathsInto(window.topology, region)
    return {
      primitives: whole(window, { kind: 'pause', at: [{ region, parts: [...regionParts] }] }, { expect: 'silent' }, paths),
      affectedRegions: [region],
    }
  },
})
