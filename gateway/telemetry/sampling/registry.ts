// The registry of samplers: kind → sampler, one file a kind.

import type { RouteSampling } from '../../snapshot/snapshot.ts'
import { adaptive } from './adaptive.ts'
import { alwaysOff } from './always-off.ts'
import { alwaysOn } from './always-on.ts'
import { probability } from './probability.ts'
import type { Sampler } from './rate.ts'

export const samplers: Record<RouteSampling['sampler']['kind'], Sampler> = {
  'always-on': alwaysOn,
  'always-off': alwaysOff,
  probability,
  adaptive,
}
