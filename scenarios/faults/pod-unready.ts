// The pods of one part of a region work and are taken out of service discovery, as when a readiness probe fails for no
// good reason. Connections that are open go on, and whoever looks for an endpoint finds none.

import { z } from 'zod'
import { defineFault } from './fault.ts'
import { region, regionPart } from './parameters.ts'
import { onPods } from './paths.ts'

export const podUnready = defineFault({
  kind: 'pod-unready',
  description: 'The healthy pods of one part of a region are taken out of service discovery.',
  shade: 'pods unready',
  parameters: z.strictObject({ region, part: regionPart.default('services').describe('Whose pods.') }),
  // Control planes discover services; gateways and control planes are found by whoever opens the next connection.
  compose: (chosen, window) => onPods(window, 'unready', chosen, { expect: chosen.part === 'services' ? 'out-of-discovery' : 'none' }),
})
