// From the publication of a revision until every gateway applied it, or a later one that holds it too.

import { isGateway, placeOfSource } from '../judging/places.ts'
import { formatCount } from '../judging/statistics.ts'
import type { Metric } from './check.ts'

export const configPropagation: Metric = {
  measure(context, { region, gateway }) {
    const { events } = context.history
    const published = new Map<number, number>()
    const accepted = new Map<number, number>()
    const applied = new Map<string, { revision: number; atUs: number }[]>()
    for (const event of events) {
      if (event.kind === 'config-published' && (region === undefined || event.region === region)) {
        published.set(event.revision, Math.min(published.get(event.revision) ?? Infinity, event.atUs))
      }
      // A publisher notes the answer that it got; the control plane itself may have accepted earlier.
      if (event.kind === 'config-accepted') accepted.set(event.revision, Math.min(accepted.get(event.revision) ?? Infinity, event.atUs))
      if (event.kind !== 'snapshot-applied') continue
      const list = applied.get(event.source)
      if (list === undefined) applied.set(event.source, [event])
      else list.push(event)
    }
    if (published.size === 0) return { kind: 'unknown', why: 'no configuration was published' }
    const homes = new Map(context.plan.topology.edges.map((edge) => [`edge:${edge.name}`, edge.home]))
    const gateways = [...new Set(events.filter((event) => isGateway(event.source)).map((event) => event.source))].sort().filter((source) => {
      const place = placeOfSource(source)
      return (gateway === undefined || source.endsWith(`/${gateway}`))
        && (region === undefined || place === `region:${region}` || homes.get(place) === region)
    })
    if (gateways.length === 0) return { kind: 'unknown', why: 'no gateway reported' }
    const values: number[] = []
    for (const [revision, toldUs] of published) {
      const atUs = Math.min(toldUs, accepted.get(revision) ?? Infinity)
      const reached = gateways.map((source) => (applied.get(source) ?? []).find((event) => event.revision >= revision)?.atUs)
      const missing = gateways.filter((_, index) => reached[index] === undefined)
      if (missing.length > 0) return { kind: 'unknown', why: `revision ${revision} is not known to have reached ${missing.join(', ')}` }
      values.push(Math.max(0, (Math.max(...(reached as number[])) - atUs) / 1000))
    }
    return { kind: 'trend', values: Float64Array.from(values), evidence: [`${formatCount(published.size)} revisions, ${gateways.length} gateways`] }
  },
}
