// The control planes die and the data plane must not notice: gateways keep the snapshot that they hold. No
// client path can show this fault, so its sign is the gateways' own `control-plane-lost`.

import { z } from 'zod'
import { defineFault, whole } from './fault.ts'
import { region } from './parameters.ts'
import { knownRegion } from './paths.ts'

export const controlPlaneLoss = defineFault({
  kind: 'control-plane-loss',
  description: 'The control planes of some or all regions are killed; gateways and services live.',
  shade: 'no control plane',
  parameters: z.strictObject({
    regions: z.array(region).min(1).nullable().default(null).describe('Default: every region.'),
  }),
  compose({ regions }, window) {
    const lost = (regions ?? window.topology.regions.map(({ name }) => name)).map((name) => knownRegion(window.topology, name))
    const at = lost.map((region) => ({ region, parts: ['control-plane' as const] }))
    return {
      primitives: whole(window, { kind: 'stop', at }, { expect: 'unreachable-control-plane' }, []),
      affectedRegions: lost,
    }
  },
})
