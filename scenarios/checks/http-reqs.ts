// How many requests were sent.

import type { Metric } from './check.ts'

export const httpReqs: Metric = {
  measure(context, tags) {
    const { length } = context.select(tags)
    return { kind: 'counter', count: length, of: length, seconds: context.seconds(tags), evidence: [] }
  },
}
