// The API server of a region's cluster is gone: nothing can be changed and nothing new is discovered, while all that
// runs runs on. Whoever serves from what it knows does not notice.

import { z } from 'zod'
import { defineFault, whole } from './fault.ts'
import { region } from './parameters.ts'
import { knownRegion } from './paths.ts'

export const apiServerLoss = defineFault({
  kind: 'api-server-loss',
  description: "The API server of a region's cluster is killed and kept down; every pod lives.",
  shade: 'no API server',
  parameters: z.strictObject({ region }),
  compose({ region }, window) {
    knownRegion(window.topology, region)
    return {
      primitives: whole(window, { kind: 'stop', at: [{ region, parts: ['api-server'] }] }, { expect: 'unreachable-api-server' }, []),
      affectedRegions: [region],
    }
  },
})
