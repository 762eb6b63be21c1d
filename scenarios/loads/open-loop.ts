// Load from the open-loop engine that comes with the project: constant or Poisson arrivals.

import type { LoadKind } from './load.ts'
import { streamsOf } from './streams.ts'
import { scenarioError } from '../errors.ts'

export const openLoop: LoadKind = {
  kind: 'open-loop',
  description: 'the engine that comes with the project: constant or Poisson arrivals of the templates in `mix`',
  plan(block, context) {
    if (block.suite !== null) {
      throw scenarioError('RGT_LOAD_KIND', `load ${block.name} names a k6 suite, and the open-loop engine plays none`, {
        expected: 'kind: k6, or no suite', found: block.suite,
      })
    }
    const bound = block.maxInFlight === undefined ? {} : { maxInFlight: block.maxInFlight }
    return { name: block.name, source: 'load', engine: 'open-loop', streams: streamsOf(block, context), ...context.window, ...bound }
  },
}
