// Every error has its trace: requests that their entry gateway answered with a 5xx, or gave up after its last attempt failed.

import { keptMetric } from '../judging/kept.ts'

const given = new Set(['5xx', 'refused', 'reset', 'closed', 'timeout', 'gateway-unavailable'])

export const errorsKept = keptMetric('error', 'requests that failed at their gateway', ({ failed, status, lastOutcome }) =>
  failed && (status >= 500 || (status === 0 && given.has(lastOutcome))))
