// Names are resolved by nobody in a region's cluster. Open connections and known addresses go on working, so it shows
// only where something looks a name up again: the classic outage that everybody finds last.

import { z } from 'zod'
import { defineFault, whole } from './fault.ts'
import { region } from './parameters.ts'
import { knownRegion } from './paths.ts'

export const dnsFailure = defineFault({
  kind: 'dns-failure',
  description: "The DNS servers of a region's cluster are killed and kept down.",
  shade: 'no DNS',
  parameters: z.strictObject({ region }),
  compose({ region }, window) {
    knownRegion(window.topology, region)
    return {
      primitives: whole(window, { kind: 'stop', at: [{ region, parts: ['dns'] }] }, { expect: 'stopped' }, []),
      affectedRegions: [region],
    }
  },
})
