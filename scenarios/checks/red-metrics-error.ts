// Metrics stay exact at any sampling rate: what each entry gateway counted for a route, against the requests that it answered.
// A request that nobody answered may have reached the gateway or not, and the last second may be untold: both leave bounds,
// and only what lies outside of them is an error.

import { formatCount } from '../judging/statistics.ts'
import { processOf } from '../judging/places.ts'
import { samplingOf } from '../judging/sampling.ts'
import type { JudgeContext } from '../judging/context.ts'
import type { Metric } from './check.ts'

/** Requests: counted by the gateway, answered by it for sure, and perhaps met by it. */
interface Account { counted: number; sure: number; perhaps: number }

export const redMetricsError: Metric = {
  measure(context, { gateway, route }) {
    const accounts = accountsOf(context)
    if ('unknown' in accounts) return { kind: 'unknown', why: accounts.unknown }
    const routes = route === undefined ? null : samplingOf(context).route(route)
    const chosen = [...accounts.byKey].filter(([key]) => {
      const [source, id] = key.split(' ')
      return (gateway === undefined || source.endsWith(`/${gateway}`)) && (routes === null || id === routes)
    })
    const rows = chosen.reduce((sum, [, { sure }]) => sum + sure, 0)
    if (rows === 0) return { kind: 'unknown', why: 'no request was answered by a gateway that tells its metrics' }
    const off = chosen.map(([key, account]) => ({ key, account, error: errorOf(account) })).sort((a, b) => b.error - a.error)
    return {
      kind: 'gauge', value: off.reduce((sum, { error }) => sum + error, 0) / rows,
      evidence: [
        `${formatCount(rows)} requests answered by ${new Set(chosen.map(([key]) => key.split(' ')[0])).size} entry gateways, ${chosen.length} series`,
        ...off.filter(({ error }) => error > 0).slice(0, 5).map(({ key, account }) =>
          `${key}: counted ${formatCount(account.counted)}, answered ${formatCount(account.sure)} and at most ${formatCount(account.perhaps)} more`),
      ],
    }
  },
}

function errorOf({ counted, sure, perhaps }: Account): number {
  return Math.max(0, sure - counted, counted - sure - perhaps)
}

/** A clock of the client and one of the gateway may differ by so much about when a request ended. */
const edgeUs = 100_000

/** By `process route-id`. */
function accountsOf(context: JudgeContext): { byKey: Map<string, Account> } | { unknown: string } {
  const { history: { events, requests, attempts }, plan } = context
  const sampling = samplingOf(context)
  const process = processOf(context)
  const entries = new Map(plan.topology.clients.map(({ name, entry }) =>
    [name, entry.kind === 'edge' ? [entry.edge] : entry.kind === 'direct' ? [entry.region] : entry.regions]))
  const gateways = new Set([...entries.values()].flat())
  const byPeers = attempts.target.values.some((target) => {
    const region = /^link:([^:]+)/.exec(target)?.[1]
    return region !== undefined && gateways.has(region)
  })
  if (byPeers) return { unknown: 'gateways of regions, where clients enter, also count what other gateways send them' }
  const byKey = new Map<string, Account>()
  const at = (source: string, id: string): Account => {
    const key = `${source} ${id === '' ? '-' : id}`
    const account = byKey.get(key) ?? { counted: 0, sure: 0, perhaps: 0 }
    byKey.set(key, account)
    return account
  }
  const toldUntilUs = new Map<string, number>()
  for (const event of events) {
    if (event.kind !== 'red' || !gateways.has(event.source.slice(event.source.indexOf('/') + 1))) continue
    toldUntilUs.set(event.source, event.atUs)
    for (const { labels, outcomes } of event.report.series) {
      at(event.source, labels.route ?? '').counted += Object.values(outcomes).reduce((sum, count) => sum + count, 0)
    }
  }
  if (toldUntilUs.size === 0) return { unknown: 'no gateway told its metrics' }
  const lost = requests.outcome.codeOf('lost')
  for (let row = 0; row < requests.length; row++) {
    if (requests.outcome.codes[row] === lost) continue
    const id = sampling.route(requests.route.at(row))
    const answered = requests.gateway.at(row)
    for (const name of entries.get(requests.group.at(row)) ?? []) {
      const source = process(name)
      if (!toldUntilUs.has(source)) continue
      const told = requests.startUs[row] + requests.durationUs[row] + edgeUs < toldUntilUs.get(source)!
      if (answered === name && told) at(source, id).sure++
      else at(source, id).perhaps++
    }
  }
  return { byKey }
}
