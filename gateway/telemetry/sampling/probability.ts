// A share of all traces, the same traces in every gateway.

import { fixed } from './fixed.ts'

export const probability = fixed((sampler) => (sampler.kind === 'probability' ? sampler.probability : 0))
