// Every process of a region is killed at once. Connections are refused or closed, so detection is immediate;
// what is tested is the retry of what was in flight, and coming back from nothing.

import { z } from 'zod'
import { regionParts } from '../../topologies/topology.ts'
import { defineFault, whole } from './fault.ts'
import { region } from './parameters.ts'
import { knownRegion, pathsInto } from './paths.ts'

export const regionalCrash = defineFault({
  kind: 'regional-crash',
  description: 'Every process of a region is killed (SIGKILL) and started again when healed.',
  shade: 'region killed',
  parameters: z.strictObject({ region }),
  compose({ region }, window) {
    knownRegion(window.topology, region)
    const paths = pathsInto(window.topology, region)
    return {
      primitives: whole(window, { kind: 'stop', at: [{ region, parts: [...regionParts] }] }, { expect: 'broken' }, paths),
      affectedRegions: [region],
    }
  },
})
