// What is slow depends on what is normal, and that on enough pinned probes of each path in the steady phase. A
// path that the plan meant to probe and that has too few makes every verdict on slowness over it worthless.

import type { Check } from '../verdict.ts'
import { minPathProbes } from '../judging/paths.ts'
import { formatMs } from '../judging/statistics.ts'
import type { Rule } from './check.ts'

export const normalLatency: Rule = {
  name: 'normal-latency',
  group: 'validity',
  evaluate({ plan, normal }) {
    const planned = new Set(plan.loads.filter((load) => load.source === 'path-probe')
      .flatMap((load) => load.streams.map((stream) => `${stream.group} → ${stream.pinned ?? ''}`)))
    const measured = new Map(normal.all.map((path) => [`${path.group} → ${path.region}`, path]))
    const short = [...planned].filter((name) => (measured.get(name)?.samples ?? 0) < minPathProbes)
    const check: Check = {
      name: 'normal-latency', group: 'validity', verdict: planned.size === 0 || short.length > 0 ? 'inconclusive' : 'pass',
      objective: `at least ${minPathProbes} answered probes of each path in the steady phase`,
      observed: planned.size === 0 ? null : Math.min(...[...planned].map((name) => measured.get(name)?.samples ?? 0)), unit: 'probes',
      evidence: planned.size === 0 ? ['the plan probes no path'] : [
        ...short.map((name) => `${name} has ${measured.get(name)?.samples ?? 0} answered probes: what is slow there cannot be judged`),
        ...normal.all.map((path) => `${path.group} → ${path.region}: normal ${formatMs(path.normalMs)}, p99 ${formatMs(path.p99Ms)}, ${path.samples} probes`),
      ],
    }
    return [check]
  },
}
