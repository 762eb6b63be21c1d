// The services of a region hang while its gateway lives: the region answers probes of its gateway, and only
// requests show that nobody is behind it.

import { z } from 'zod'
import { defineFault, whole } from './fault.ts'
import { region } from './parameters.ts'
import { knownRegion, pathsInto } from './paths.ts'

export const serviceOutage = defineFault({
  kind: 'service-outage',
  description: 'The services of a region are paused; its gateway and control plane live.',
  shade: 'services hang',
  parameters: z.strictObject({ region }),
  compose({ region }, window) {
    knownRegion(window.topology, region)
    const paths = pathsInto(window.topology, region)
    return {
      primitives: whole(window, { kind: 'pause', at: [{ region, parts: ['services'] }] }, { expect: 'unavailable' }, paths),
      affectedRegions: [region],
    }
  },
})
