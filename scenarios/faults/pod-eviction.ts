// The pods of one part of a region are asked to end and are replaced, as when a node is drained for maintenance. It
// happens every week and on purpose, so nothing at all may be lost: what it tests is draining.

import { z } from 'zod'
import { defineFault } from './fault.ts'
import { region, regionPart } from './parameters.ts'
import { onPods } from './paths.ts'

export const podEviction = defineFault({
  kind: 'pod-eviction',
  description: 'The pods of one part of a region are asked to end (SIGTERM), drain, and are replaced.',
  shade: 'pods evicted',
  parameters: z.strictObject({ region, part: regionPart.default('gateway').describe('Whose pods.') }),
  compose: (chosen, window) => onPods(window, 'evict', chosen, { expect: 'restarted' }),
})
