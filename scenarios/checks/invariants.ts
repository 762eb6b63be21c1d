// Promises that hold whatever breaks, watched from outside the gateways through every simulated run. One breach is
// proof, however little else of the run may be believed: `overall` lets it decide.

import { invariantNames, unwatched } from '../../topologies/substrates/simulated/invariants.ts'
import type { Rule } from './check.ts'
import { seconds } from './check.ts'

const shown = 20

export const invariants: Rule = {
  name: 'invariants',
  group: 'objective',
  evaluate({ run, history }) {
    // In real time nobody sees every attempt at once, so nobody watches.
    if (run.time !== 'virtual') return []
    const broken = history.events.flatMap((event) => (event.kind === 'invariant-violated' ? [event] : []))
    const head = { name: 'invariants', group: 'objective', unit: 'count', objective: `none broken: ${invariantNames.join(', ')}` } as const
    if (!history.events.some(({ kind }) => kind === 'phase')) return [{ ...head, verdict: 'inconclusive', observed: null, evidence: ['no events are on record'] }]
    return [{
      ...head, observed: broken.length, verdict: broken.length === 0 ? 'pass' : 'fail',
      evidence: [
        ...broken.slice(0, shown).map(({ invariant, atUs, text }) => `${invariant} at ${seconds(atUs)}: ${text}`),
        ...(broken.length > shown ? [`and ${broken.length - shown} more`] : []),
        ...Object.entries(unwatched).map(([name, why]) => `not watched: ${name}: ${why}`),
      ],
    }]
  },
}
