// What drivers make of a snapshot: its structure, and that nothing is left out in silence.

import { describe, expect, it } from 'vitest'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { edgeSnapshot, renderContext, routeTo } from './drivers.case.ts'
import type { Driver, Tuning } from './driver.ts'
import { drivers, findGateway, gatewayNames } from './index.ts'

const products = [drivers.envoy, drivers.haproxy, drivers.nginx] as Driver[]

/** Order of regions that the rendered text names first, by the ports of their links. */
function portsIn(text: string): number[] {
  return [...new Set([...text.matchAll(/\b1500[123]\b/g)].map(([port]) => Number(port)))]
}

interface EnvoyRoute {
  match: Record<string, unknown>
  route?: { cluster: string; retry_policy?: { num_retries: number; per_try_timeout?: string } }
  direct_response?: { status: number }
}

function envoyOf(snapshot: Snapshot, tuning: Tuning) {
  const { static_resources: { listeners, clusters } } = JSON.parse(drivers.envoy.render(snapshot, renderContext(tuning)).files['envoy.json'])
  const hosts = listeners[0].filter_chains[0].filters[0].typed_config.route_config.virtual_hosts as { domains: string[]; routes: EnvoyRoute[] }[]
  return { hosts, clusters: clusters as Record<string, any>[] }
}

describe('the registry', () => {
  it('is keyed by kind, and every driver has the tuning that is taken when none is asked for', () => {
    for (const [key, driver] of Object.entries<Driver>(drivers)) expect([driver.kind, driver.tunings.length > 0]).toEqual([key, true])
    expect(findGateway('envoy').tuning).toBe('tuned')
    expect(findGateway('envoy:default').tuning).toBe('default')
    expect(findGateway('reference').driver.tool).toBeNull()
  })

  it('says the nearest name of one that is misspelt', () => {
    expect(() => findGateway('envoi')).toThrow(expect.objectContaining({ code: 'RGT_DRIVER_UNKNOWN', details: expect.objectContaining({ hint: 'did you mean `envoy`?' }) }))
    expect(() => findGateway('reference:default')).toThrow(expect.objectContaining({ code: 'RGT_DRIVER_UNKNOWN' }))
    expect(gatewayNames).toContain('nginx:default')
  })
})

describe.each(products)('$kind', (driver) => {
  const text = (snapshot: Snapshot, tuning: Tuning = 'tuned'): string => Object.values(driver.render(snapshot, renderContext(tuning)).files).join('\n')

  it('names the regions nearest first, or as preferred', () => {
    expect(portsIn(text(edgeSnapshot())).slice(0, 3)).toEqual([15_001, 15_002, 15_003])
    const preferring = routeTo('/catalog', { failover: { enabled: true, prefer: ['ap-south'], maxAttempts: 3, maxBodyBytes: 0 } })
    expect(portsIn(text(edgeSnapshot({ routes: [preferring] }))).slice(0, 3)).toEqual([15_003, 15_001, 15_002])
  })

  it('never names a region that residency forbids', () => {
    const bound = routeTo('/ledger', { residency: { allowed: ['eu-west'], reason: 'law' } })
    expect(portsIn(text(edgeSnapshot({ routes: [bound] })))).toEqual([15_001])
    const nowhere = routeTo('/ledger', { residency: { allowed: [], reason: 'law' } })
    const refused = text(edgeSnapshot({ routes: [nowhere] }))
    expect(portsIn(refused)).toEqual([])
    expect(refused).toContain('RGT_RESIDENCY')
  })

  it('without failover sends to the nearest region only', () => {
    const fixed = routeTo('/catalog', { failover: { enabled: false, prefer: [], maxAttempts: 1, maxBodyBytes: 0 } })
    const rendered = Object.values(driver.render(edgeSnapshot({ routes: [fixed] }), renderContext('tuned', { token: null })).files).join('\n')
    expect(portsIn(rendered)).toEqual([15_001])
  })

  it('lets nobody pin when there is no token', () => {
    const rendered = Object.values(driver.render(edgeSnapshot(), renderContext('tuned', { token: null })).files).join('\n')
    expect(rendered).not.toMatch(/regatta.pin/)
    expect(text(edgeSnapshot())).toMatch(/regatta.pin/)
  })

  it('refuses what it cannot express, naming it', () => {
    const filtered = routeTo('/catalog', { filters: [{ type: 'RequestHeaderModifier', set: [['a', 'b']], add: [], remove: [] }] })
    expect(() => text(edgeSnapshot({ routes: [filtered] }))).toThrow(expect.objectContaining({
      code: 'RGT_DRIVER_UNSUPPORTED', details: expect.objectContaining({ found: 'filters: route shop/catalog/0' }),
    }))
    const eastWest = renderContext('tuned', { listen: { ...renderContext('tuned').listen, eastWest: { host: '127.0.0.1', port: 1 } } })
    expect(() => driver.render(edgeSnapshot(), eastWest)).toThrow(expect.objectContaining({ code: 'RGT_DRIVER_UNSUPPORTED' }))
    const open = edgeSnapshot()
    const access = { policies: ['shop/guard'], rules: [] }
    const guarded = { ...open, services: open.services.map((service) => (service.name === open.routes[0].backends[0].service ? { ...service, access } : service)) }
    expect(() => text(guarded)).toThrow(expect.objectContaining({ details: expect.objectContaining({ found: `access: service ${open.routes[0].backends[0].service}` }) }))
    const breaking = routeTo('/catalog', {}, { path: { type: 'Exact', value: '/a\n  bad' } })
    if (driver.kind !== 'envoy') expect(() => text(edgeSnapshot({ routes: [breaking] }))).toThrow(expect.objectContaining({ code: 'RGT_DRIVER_UNSUPPORTED' }))
  })

  it('renders the same text twice', () => {
    for (const tuning of driver.tunings) expect(text(edgeSnapshot(), tuning)).toBe(text(edgeSnapshot(), tuning))
  })
})

describe('envoy', () => {
  it('asks the longest path of the most specific host first, and lets the rules of wider hosts follow', () => {
    const routes = [
      routeTo('/a', { hostnames: [] }), routeTo('/a/b'), routeTo('/a', { id: 'shop/exact/0' }, { path: { type: 'Exact', value: '/a/b' } }),
      routeTo('/w', { hostnames: ['*.example.com'] }),
    ]
    const { hosts } = envoyOf(edgeSnapshot({ routes }), 'default')
    expect(hosts.map(({ domains }) => domains)).toEqual([['shop.example.com'], ['*.example.com'], ['*']])
    const paths = hosts[0].routes.filter(({ match }) => (match.headers as unknown[]).length === 0).map(({ match }) => match.path ?? match.path_separated_prefix)
    expect(paths).toEqual(['/a/b', '/a/b', '/w', '/a'])
  })

  it('tuned sends again only what may be sent again; as it comes, nothing', () => {
    const { hosts: [{ routes }], clusters } = envoyOf(edgeSnapshot(), 'tuned')
    const [idempotent, any] = routes.slice(-2)
    expect(JSON.stringify(idempotent.match)).toContain('GET|HEAD|PUT|DELETE|OPTIONS')
    expect(idempotent.route?.retry_policy).toMatchObject({ num_retries: 2, per_try_timeout: '0.3s', retry_on: '5xx,reset,connect-failure', retry_priority: { typed_config: { update_frequency: 1 } } })
    expect(any.route?.retry_policy).toMatchObject({ retry_on: 'connect-failure,refused-stream' })
    expect(any.route?.retry_policy?.per_try_timeout).toBeUndefined()
    const pool = clusters.find(({ name }) => name.startsWith('pool_'))!
    expect(pool.load_assignment.endpoints.map(({ priority }: { priority: number }) => priority)).toEqual([0, 1, 2])
    expect(pool.health_checks[0]).toMatchObject({ interval: '0.25s', http_health_check: { path: '/.regatta/health' } })
    expect(pool.outlier_detection).toMatchObject({ consecutive_5xx: 2, max_ejection_percent: 100 })
    const untuned = envoyOf(edgeSnapshot(), 'default')
    expect(JSON.stringify(untuned)).not.toContain('retry_policy')
    expect(untuned.clusters.find(({ name }) => name.startsWith('pool_'))).toMatchObject({ outlier_detection: {} })
  })

  it('expresses methods, headers, query parameters and weights', () => {
    const route = routeTo('/catalog', { backends: [{ service: 'shop/a:1', weight: 3, filters: [] }, { service: 'shop/b:1', weight: 1, filters: [] }] },
      { method: 'POST', headers: [{ type: 'Exact', name: 'x-a', value: '1' }], query: [{ type: 'RegularExpression', name: 'q', value: '[0-9]+' }] })
    const text = JSON.stringify(envoyOf(edgeSnapshot({ routes: [route] }), 'default').hosts)
    expect(text).toContain('"weighted_clusters":{"clusters":[{"name":"pool_0_shop_a_1","weight":3}')
    expect(text).toContain('{"name":":method","string_match":{"exact":"POST"}}')
    expect(text).toContain('{"name":"q","string_match":{"safe_regex":{"regex":"[0-9]+"}}}')
  })
})

describe('haproxy', () => {
  it('quotes what people write', () => {
    const route = routeTo('/catalog', {}, { headers: [{ type: 'Exact', name: 'x-a', value: `-it's { "x" }` }] })
    const text = drivers.haproxy.render(edgeSnapshot({ routes: [route] }), renderContext('tuned')).files['haproxy.cfg']
    expect(text).toContain(String.raw`{ req.fhdr(x-a) -m str -- '-it'\''s { "x" }' }`)
  })

  it('checks every 250 ms and redispatches when tuned; as it comes it only checks', () => {
    const render = (tuning: Tuning): string => drivers.haproxy.render(edgeSnapshot(), renderContext(tuning)).files['haproxy.cfg']
    expect(render('tuned')).toMatch(/default-server inter 250ms fastinter 20ms fall 2 rise 2[\s\S]*option redispatch 1[\s\S]*disable-l7-retry unless/)
    expect(render('tuned')).toMatch(/server us-east_0 127\.0\.0\.1:15002 check backup/)
    expect(render('default')).not.toMatch(/redispatch|default-server/)
    expect(render('default')).toContain('option httpchk')
  })
})

describe('nginx', () => {
  it('serves a prefix by whole elements', () => {
    const text = drivers.nginx.render(edgeSnapshot(), renderContext('tuned')).files['nginx.conf']
    expect(text).toContain('location = /catalog {')
    expect(text).toContain('location /catalog/ {')
  })

  it('keeps the first of two rules for one path', () => {
    const routes = [routeTo('/catalog', { id: 'shop/young/0', createdAt: '2026-01-02T00:00:00Z', timeouts: { requestMs: 222, backendRequestMs: 0 } }),
      routeTo('/catalog', { id: 'shop/old/0', createdAt: '2026-01-01T00:00:00Z', timeouts: { requestMs: 111, backendRequestMs: 0 } })]
    const text = drivers.nginx.render(edgeSnapshot({ routes }), renderContext('default')).files['nginx.conf']
    expect(text.match(/location = \/catalog \{/g)).toHaveLength(1)
    expect(text).toMatch(/location = \/catalog \{.*proxy_read_timeout 111ms/)
  })
})

describe('reference', () => {
  it('is started from the snapshot on disk, asking no control plane', () => {
    const { files, limits } = drivers.reference.render(edgeSnapshot(), renderContext('tuned'))
    expect(JSON.parse(files['bootstrap.json'])).toMatchObject({ name: 'frankfurt', role: 'edge', controlPlanes: [], stateDir: '/state' })
    expect(JSON.parse(files['snapshot.json']).snapshot).toMatchObject({ revision: 1 })
    expect(limits).toEqual([])
  })
})
