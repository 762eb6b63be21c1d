// What all products need of a snapshot before it can be put into their words: which pools of targets there are, in
// which order of preference, and which rule is asked before which. Precedence is that of routing/match.ts.

import { gatewayError } from '../errors.ts'
import { compareText } from '../config/parse.ts'
import type { Snapshot, SnapshotAddress, SnapshotMatch, SnapshotRoute } from '../snapshot/snapshot.ts'
import type { Driver, Feature, RenderContext } from './driver.ts'

export interface PoolTarget extends SnapshotAddress {
  /** Unique in its pool; letters, digits, dashes, underscores. */
  name: string
  region: string
  kind: 'endpoint' | 'link'
  rttMs: number
  /** 0 is asked first; the next when it is gone. */
  tier: number
}

export interface Pool {
  /** Unique; letters, digits, underscores. */
  name: string
  service: string
  /** Sorted by tier. May be empty: then nobody can serve. */
  targets: PoolTarget[]
  kind: PoolTarget['kind']
  /** false: the first target whatever its health, once. */
  failover: boolean
  attempts: number
  /** 0 = no limit of its own. */
  requestMs: number
  attemptMs: number
}

export interface PlannedRule {
  id: string
  match: SnapshotMatch
  /** Weights are above nought; more than one pool only with the feature `weights`. */
  pools: { pool: Pool; weight: number }[]
  /** Every region, for requests that ask for one only; none when nobody may. */
  pins: { region: string; pool: Pool }[]
  /** Code of errors.ts when nobody may or can serve. */
  refusal: 'RGT_RESIDENCY' | 'RGT_NO_HEALTHY_TARGET' | null
}

export interface RenderPlan {
  /** Most specific first: exact, then `.suffix` of wildcards, then '' for every host. Rules of less specific hosts follow. */
  hosts: { host: string; rules: PlannedRule[] }[]
  pools: Pool[]
}

/** Throws RGT_DRIVER_UNSUPPORTED. */
export function planRender(driver: Pick<Driver, 'kind' | 'features'>, snapshot: Snapshot, context: RenderContext): RenderPlan {
  const pools = new Map<string, Pool>()
  const entries = snapshot.routes.flatMap((route) => planRoute(route, snapshot, context, pools)).sort(compareEntries)
  refuseUnsupported(driver, entries, [...pools.values()], { ...snapshot, ...context })
  const hosts = [...new Set(entries.flatMap(({ route }) => hostsOf(route)))].sort(compareHosts)
  return {
    hosts: hosts.map((host) => ({
      host,
      rules: hosts.filter((other) => covers(other, host)).flatMap((other) =>
        entries.filter(({ route }) => hostsOf(route).includes(other)).map(({ rule }) => rule)),
    })),
    pools: [...pools.values()],
  }
}

interface Entry { route: SnapshotRoute; order: number; rule: PlannedRule }

const everyPath: SnapshotMatch = { path: { type: 'PathPrefix', value: '/' }, method: null, headers: [], query: [] }

function planRoute(route: SnapshotRoute, snapshot: Snapshot, context: RenderContext, pools: Map<string, Pool>): Entry[] {
  const weighted = route.backends.filter(({ weight }) => weight > 0).map(({ service, weight }) => ({ pool: poolOf(route, service, null, snapshot, pools), weight }))
  const servable = weighted.some(({ pool }) => pool.targets.length > 0)
  const pinned = context.token === null || weighted.length === 0 ? [] : snapshot.regions.map(({ name }) => name)
  const rule = {
    id: route.id, pools: weighted,
    pins: pinned.map((region) => ({ region, pool: poolOf(route, weighted[0].pool.service, region, snapshot, pools) })),
    refusal: route.residency.allowed?.length === 0 ? 'RGT_RESIDENCY' as const : servable ? null : 'RGT_NO_HEALTHY_TARGET' as const,
  }
  const matches = route.matches.length === 0 ? [everyPath] : route.matches
  return matches.map((match, order) => ({ route, order, rule: { ...rule, match } }))
}

function poolOf(route: SnapshotRoute, service: string, pin: string | null, snapshot: Snapshot, pools: Map<string, Pool>): Pool {
  const targets = targetsOf(route, service, pin, snapshot)
  const failover = route.failover.enabled && pin === null
  const settings = {
    service, failover, attempts: failover ? Math.max(1, route.failover.maxAttempts) : 1,
    requestMs: route.timeouts.requestMs, attemptMs: route.timeouts.backendRequestMs,
    targets: failover ? targets : targets.slice(0, 1), kind: targets[0]?.kind ?? 'link',
  }
  const key = JSON.stringify([settings, pin])
  let pool = pools.get(key)
  if (pool === undefined) {
    const name = `${pin === null ? 'pool' : `pin_${pin}`}_${pools.size}_${service}`.replaceAll(/[^A-Za-z0-9_]/g, '_')
    pools.set(key, (pool = { name, ...settings }))
  }
  return pool
}

/** Own endpoints first, then regions as preferred, then by distance. */
function targetsOf({ residency, failover }: SnapshotRoute, serviceName: string, pin: string | null, snapshot: Snapshot): PoolTarget[] {
  const service = snapshot.services.find(({ name }) => name === serviceName)
  const rank = (region: string): number => (failover.prefer.includes(region) ? failover.prefer.indexOf(region) : failover.prefer.length)
  const regions = snapshot.regions
    .filter(({ name }) => (residency.allowed === null || residency.allowed.includes(name)) && (pin === null || pin === name))
    .sort((a, b) => rank(a.name) - rank(b.name) || a.rttMs - b.rttMs || compareText(a.name, b.name))
  const byRegion = regions.map(({ name, rttMs, links }): Omit<PoolTarget, 'tier' | 'name'>[] => name === snapshot.gateway.region
    ? (service?.endpoints ?? []).map(({ host, port }) => ({ host, port, region: name, kind: 'endpoint', rttMs: 0 }))
    : service?.remoteRegions.includes(name) ? links.map(({ host, port }) => ({ host, port, region: name, kind: 'link', rttMs })) : [])
  return byRegion.filter((targets) => targets.length > 0).flatMap((targets, tier) => targets.map((target, index) =>
    ({ ...target, tier, name: `${target.region.replaceAll(/[^A-Za-z0-9_-]/g, '_')}_${index}` })))
}

function refuseUnsupported(
  { kind, features }: Pick<Driver, 'kind' | 'features'>, entries: readonly Entry[], pools: readonly Pool[], { services, listen }: Pick<Snapshot, 'services'> & RenderContext,
): void {
  const needs: [Feature, string][] = [
    ...entries.flatMap(({ route, rule: { match, pools: weighted } }) => {
      const used: [Feature, boolean][] = [
        ['path-regex', match.path.type === 'RegularExpression'], ['method', match.method !== null], ['header', match.headers.length > 0],
        ['query', match.query.length > 0], ['weights', weighted.length > 1],
        ['filters', route.filters.length > 0 || route.backends.some((backend) => backend.filters.length > 0)],
      ]
      return used.filter(([, is]) => is).map(([feature]): [Feature, string] => [feature, `route ${route.id}`])
    }),
    ...pools.filter(({ targets }) => new Set(targets.map((target) => target.kind)).size > 1)
      .map(({ service }): [Feature, string] => ['mixed-targets', `service ${service} (endpoints and links need different health checks)`]),
    ...services.filter(({ name, access }) => access !== undefined && pools.some(({ service }) => service === name))
      .map(({ name }): [Feature, string] => ['access', `service ${name}`]),
    ...(listen.eastWest === null ? [] : [['east-west', 'the gateway of a region'] satisfies [Feature, string]]),
  ]
  const missing = needs.filter(([feature]) => !features.includes(feature)).map(([feature, where]) => `${feature}: ${where}`)
  if (missing.length === 0) return
  throw gatewayError('RGT_DRIVER_UNSUPPORTED', `${kind} cannot be told all of this configuration`, {
    expected: `hosts, exact and prefix paths${features.length === 0 ? '' : `, ${features.join(', ')}`}`,
    found: [...new Set(missing)].slice(0, 10).join('; '), hint: 'take a configuration without it, or the reference gateway',
  })
}

const pathRank = { Exact: 0, PathPrefix: 1, RegularExpression: 2 } as const

function compareEntries(a: Entry, b: Entry): number {
  const [left, right] = [a.rule.match, b.rule.match]
  return pathRank[left.path.type] - pathRank[right.path.type] || right.path.value.length - left.path.value.length
    || Number(left.method === null) - Number(right.method === null) || right.headers.length - left.headers.length
    || right.query.length - left.query.length || compareText(a.route.createdAt, b.route.createdAt)
    || compareText(a.route.id, b.route.id) || a.order - b.order
}

function hostsOf({ hostnames }: SnapshotRoute): string[] {
  return hostnames.length === 0 ? [''] : hostnames.map((host) => (host.startsWith('*.') ? host.slice(1) : host))
}

const hostRank = (host: string): number => (host === '' ? 2 : host.startsWith('.') ? 1 : 0)

function compareHosts(a: string, b: string): number {
  return hostRank(a) - hostRank(b) || b.length - a.length || compareText(a, b)
}

/** Requests for `host` may be answered by rules of `other`. */
function covers(other: string, host: string): boolean {
  return other === '' || other === host || (other.startsWith('.') && host.endsWith(other))
}

/** Methods that may be sent again (RFC 9110, section 9.2.2), as the data plane counts them. */
export const idempotentMethods = ['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS'] as const

/** Path that an active check asks for. */
export function checkPath({ kind }: Pool): string {
  return kind === 'link' ? '/.regatta/health' : '/healthz'
}

/** Patience of an active check, milliseconds: as our own prober has it before it has measured anything. */
export function checkTimeoutMs({ targets }: Pool): number {
  return Math.max(200, ...targets.map(({ rttMs }) => Math.round(rttMs + 100)))
}
