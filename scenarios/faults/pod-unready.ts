// The pods of one part of a region work and are taken out of service discovery, as when a readiness probe fails for no
// good reason. Connections that are open go on, and whoever looks for an endpoint finds none.

import { z } from 'zod'
import type { Symptom } from '../../topologies/primitives.ts'
import { defineFault, whole } from './fault.ts'
import { region, regionPart, servesClients } from './parameters.ts'
import { knownRegion, pathsInto } from './paths.ts'

export const podUnready = defineFault({
  kind: 'pod-unready',
  description: 'The healthy pods of one part of a region are taken out of service discovery.',
  shade: 'pods unready',
  parameters: z.strictObject({ region, part: regionPart.default('services').describe('Whose pods.') }),
  compose({ region, part }, window) {
    knownRegion(window.topology, region)
    const paths = servesClients(part) ? pathsInto(window.topology, region) : []
    // Control planes discover services; gateways and control planes are found by whoever opens the next connection.
    const symptom: Symptom = { expect: part === 'services' ? 'out-of-discovery' : 'none' }
    return {
      primitives: whole(window, { kind: 'unready', at: [{ region, parts: [part] }] }, symptom, paths),
      affectedRegions: [region],
    }
  },
})
