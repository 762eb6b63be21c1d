// Every slow request has its trace. Its attempts lie within what the gateway measured, so whoever is slow here was slow there.

import { keptMetric } from '../judging/kept.ts'

export const slowKept = keptMetric('slow', 'requests over the slow threshold', ({ elapsedUs, slowUs }) => elapsedUs > slowUs)
