// Sampling, put together: the core that decides at the head of a trace, the thresholds it decides by, and what is kept after
// the fact.

export { createSamplingCore } from './core.ts'
export { isKept, parseThreshold, probabilityOf, randomnessOf, thresholdOf, thresholdText } from './thresholds.ts'
export { promotionOf } from './retroactive.ts'
export { samplers } from './registry.ts'
export { thresholdRange, type KeyRate, type RateChange, type SamplingCore, type SamplingKey } from './sampler.ts'
