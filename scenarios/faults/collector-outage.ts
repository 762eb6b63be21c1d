// The collector of traces is gone, or takes connections and never answers. No request may notice; what shows it are gateways
// whose spans nobody takes. Needs a run that is traced.

import { z } from 'zod'
import { defineFault, whole } from './fault.ts'

export const collectorOutage = defineFault({
  kind: 'collector-outage',
  description: 'The collector of traces refuses connections, or hangs; everything else lives.',
  shade: 'no collector',
  parameters: z.strictObject({
    mode: z.enum(['refuse', 'hang']).default('refuse').describe('refuse: connections are refused. hang: they are accepted and never answered.'),
  }),
  compose: ({ mode }, window) => ({
    primitives: whole(window, { kind: 'collector', mode }, { expect: 'unreachable-collector' }, []),
    affectedRegions: window.topology.regions.map(({ name }) => name),
  }),
})
