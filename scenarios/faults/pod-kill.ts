// The pods of one part of a region die at once and are started again by whoever supervises them. The commonest fault
// there is (out of memory, a bad probe, a node drained too fast), over in seconds, and so hardly ever watched closely.

import { z } from 'zod'
import { defineFault, whole } from './fault.ts'
import { region, regionPart, servesClients } from './parameters.ts'
import { knownRegion, pathsInto } from './paths.ts'

export const podKill = defineFault({
  kind: 'pod-kill',
  description: 'The pods of one part of a region are killed (SIGKILL) once; their supervisor starts them again at once.',
  shade: 'pods killed',
  parameters: z.strictObject({ region, part: regionPart.default('services').describe('Whose pods.') }),
  compose({ region, part }, window) {
    knownRegion(window.topology, region)
    // Over before a witness has looked often enough: the history tells that they died and came back.
    const paths = servesClients(part) ? pathsInto(window.topology, region) : []
    return {
      primitives: whole(window, { kind: 'kill', at: [{ region, parts: [part] }] }, { expect: 'restarted' }, paths),
      affectedRegions: [region],
    }
  },
})
