// The pods of one part of a region die at once and are started again by whoever supervises them. The commonest fault
// there is (out of memory, a bad probe, a node drained too fast), over in seconds, and so hardly ever watched closely.

import { z } from 'zod'
import { defineFault } from './fault.ts'
import { region, regionPart } from './parameters.ts'
import { onPods } from './paths.ts'

export const podKill = defineFault({
  kind: 'pod-kill',
  description: 'The pods of one part of a region are killed (SIGKILL) once; their supervisor starts them again at once.',
  shade: 'pods killed',
  parameters: z.strictObject({ region, part: regionPart.default('services').describe('Whose pods.') }),
  compose(chosen, window) {
    // Over before a witness has looked often enough: the history tells that they died and came back.
    return onPods(window, 'kill', chosen, { expect: 'restarted' })
  },
})
