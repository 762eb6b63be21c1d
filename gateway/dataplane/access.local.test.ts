// Access policies over real sockets: who is refused, with what answer, and that nothing else happens because of it.

import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import type { AccessRule, SnapshotAccess } from '../security/access.ts'
import type { Snapshot, SnapshotAddress } from '../snapshot/snapshot.ts'
import {
  ask, closeAll, edgeSnapshot, exchangeBytes, gatewayWith, parseResponse, regionSnapshot, routeTo, service, serviceWith, settle, token, type Bed,
} from './testbed.case.ts'

afterEach(closeAll)

const any: SnapshotAddress = { host: '127.0.0.1', port: 0 }
const guard = (...rules: Partial<AccessRule>[]): SnapshotAccess =>
  ({ policies: ['default/guard'], rules: rules.map((rule) => ({ principals: ['gateway'], methods: null, paths: null, ...rule })) })
const readers = guard({ methods: ['GET'], paths: [{ type: 'PathPrefix', value: '/open' }] })

function guarded(snapshot: Snapshot, access: SnapshotAccess): Snapshot {
  return { ...snapshot, services: snapshot.services.map((one) => ({ ...one, access })) }
}

interface Seen { urls: string[]; headers: Record<string, unknown>[] }

async function echo(): Promise<SnapshotAddress & Seen> {
  const seen: Seen = { urls: [], headers: [] }
  const address = await serviceWith((request, response) => {
    seen.urls.push(request.url!)
    seen.headers.push(request.headers)
    request.resume().on('end', () => response.end('served'))
  })
  return Object.assign(address, seen)
}

async function regionWith(access: SnapshotAccess, changes: Partial<Snapshot> = {}): Promise<{ gateway: Bed; upstream: SnapshotAddress & Seen }> {
  const upstream = await echo()
  return { gateway: await gatewayWith(guarded(regionSnapshot([upstream], changes), access)), upstream }
}

const reasonOf = async (at: SnapshotAddress, path: string, method = 'GET', headers: Record<string, string> = {}): Promise<[number, string | undefined]> => {
  const { status, headers: given } = await ask(at, path, headers, method)
  return [status, given['x-regatta-reason']]
}
const denied = [403, 'RGT_ACCESS_DENIED']

describe('at the gateway where a request enters', () => {
  test('what the policy allows is served, the rest refused with all that went into it', async () => {
    const { gateway, upstream } = await regionWith(readers)
    expect((await ask(gateway.addresses.ingress, '/open/a?b=/closed')).status).toBe(200)
    const { status, headers, body } = await ask(gateway.addresses.ingress, '/closed?c=1', { 'x-request-id': 'r1' })
    expect([status, headers['x-regatta-reason'], headers['x-regatta-attempts'], headers['x-regatta-region']]).toEqual([403, 'RGT_ACCESS_DENIED', '0', undefined])
    expect(headers['server-timing']).toMatch(/^decision;dur=\d/)
    expect(JSON.parse(body)).toEqual({
      code: 'RGT_ACCESS_DENIED', message: 'gateway may not call default/echo:80 with GET /closed', hint: expect.any(String), requestId: 'r1',
      service, method: 'GET', path: '/closed', principal: 'gateway', identity: 'gateway', policies: ['default/guard'],
    })
    expect(upstream.urls).toEqual(['/open/a?b=/closed'])
  })

  test('a denial is counted as one, and neither tried, retried nor held against anybody', async () => {
    const { gateway } = await regionWith(readers)
    for (let index = 0; index < 20; index++) expect(await reasonOf(gateway.addresses.ingress, '/closed')).toEqual(denied)
    expect(gateway.attempts).toEqual([])
    expect(gateway.events.filter(({ kind }) => kind === 'target-state' || kind === 'region-state')).toEqual([])
    expect(await gateway.metricsText()).toContain('regatta_requests_total{route="default/echo/0",region="",outcome="access-denied"} 20')
  })

  test.each([
    '/open/../closed', '/closed', '/open%2f..%2fclosed', '/%6fpen/../closed', '/open/%2e%2e/closed', '//open', '/open//a', '/OPEN', '/Open/a', '/openly',
    '/open/..;/closed', '/./closed', '/open%5c..%5cclosed', '/closed/../closed', 'http://echo.test/closed', '/',
  ])('%s gets nobody past it', async (path) => {
    const { gateway, upstream } = await regionWith(readers)
    expect(await reasonOf(gateway.addresses.ingress, path)).toEqual(denied)
    expect(upstream.urls).toEqual([])
  })

  test.each([['/open/../open/a', '/open/a'], ['/%6Fpen', '/open'], ['/closed/../open/', '/open/'], ['/./open/a%20b', '/open/a%20b'], ['/open/a//../../closed', '/open/closed']])('%s is served as %s', async (path, url) => {
    const { gateway, upstream } = await regionWith(readers)
    expect((await ask(gateway.addresses.ingress, path)).status).toBe(200)
    expect(upstream.urls).toEqual([url])
  })

  test.each(['HEAD', 'POST', 'PURGE', 'get'])('%s is not GET', async (method) => {
    const { gateway, upstream } = await regionWith(readers)
    expect(await reasonOf(gateway.addresses.ingress, '/open', method)).toEqual(denied)
    expect(upstream.urls).toEqual([])
  })

  test('the path is that which the service would get: rewrites count, and what the client wrote does not', async () => {
    const rewrite = (value: string): Partial<Snapshot> => ({ routes: [routeTo({ filters: [{ type: 'URLRewrite', hostname: null, path: { type: 'ReplaceFullPath', value } }] })] })
    const opened = await regionWith(readers, rewrite('/open/x'))
    expect((await ask(opened.gateway.addresses.ingress, '/closed')).status).toBe(200)
    const closed = await regionWith(readers, rewrite('/closed'))
    expect(await reasonOf(closed.gateway.addresses.ingress, '/open')).toEqual(denied)
    const hidden = await regionWith(readers, rewrite('/open/../closed'))
    expect(await reasonOf(hidden.gateway.addresses.ingress, '/open')).toEqual(denied)
    expect([...closed.upstream.urls, ...hidden.upstream.urls]).toEqual([])
  })

  test('a refused body is read over and the connection lives on', async () => {
    const { gateway } = await regionWith(readers)
    const text = await exchangeBytes(gateway.addresses.ingress, [
      'POST /open HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello', 'GET /open HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
    ])
    expect(text.match(/HTTP\/1\.1 (403|200)/g)).toEqual(['HTTP/1.1 403', 'HTTP/1.1 200'])
  })

  test('a policy that comes while the body is on its way holds for it', async () => {
    const { gateway, upstream } = await regionWith(guard({}))
    const socket = connect(gateway.addresses.ingress.port, '127.0.0.1')
    let text = ''
    socket.setEncoding('latin1').on('data', (piece: string) => { text += piece })
    socket.write('PUT /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhel')
    for (let tries = 0; tries < 100 && gateway.metrics.requests === 0; tries++) await settle(10)
    gateway.apply({ ...guarded(regionSnapshot([upstream]), readers), revision: 2 })
    socket.end('lo')
    await once(socket, 'close')
    expect(parseResponse(text).status).toBe(403)
    expect(upstream.urls).toEqual([])
  })

  test('mirrors obey the policy of the service that they copy to', async () => {
    const { gateway, upstream } = await regionWith(guard({}))
    const trial = await echo()
    const mirrored = (access: SnapshotAccess): Snapshot => ({
      ...regionSnapshot([upstream], { revision: 2, routes: [routeTo({ filters: [{ type: 'RequestMirror', service: 'default/trial:80', fraction: 1 }] })] }),
      services: [{ name: service, endpoints: [upstream], remoteRegions: [] }, { name: 'default/trial:80', endpoints: [trial], remoteRegions: [], access }],
    })
    gateway.apply(mirrored(readers))
    expect([(await ask(gateway.addresses.ingress, '/closed')).status, (await ask(gateway.addresses.ingress, '/open')).status]).toEqual([200, 200])
    for (let tries = 0; tries < 100 && trial.urls.length === 0; tries++) await settle(10)
    expect([trial.urls, gateway.metrics.mirrorsSkipped]).toEqual([['/open'], 1])
  })
})

describe('over a link', () => {
  test('the edge refuses what the policy does not allow, and nothing crosses', async () => {
    const { gateway: near, upstream } = await regionWith(readers)
    const edge = await gatewayWith(guarded(edgeSnapshot({ here: near.addresses.eastWest! }), readers))
    expect((await ask(edge.addresses.ingress, '/open')).status).toBe(200)
    expect(await reasonOf(edge.addresses.ingress, '/closed')).toEqual(denied)
    expect([edge.attempts.length, upstream.urls]).toEqual([1, ['/open']])
  })

  test('a region refuses for itself when the edge has an older policy: the answer stands, nobody else is asked, nobody is blamed', async () => {
    const { gateway: near } = await regionWith(readers)
    const { gateway: far, upstream } = await regionWith(readers)
    const edge = await gatewayWith(edgeSnapshot({ here: near.addresses.eastWest!, far: far.addresses.eastWest! }))
    for (let index = 0; index < 10; index++) {
      const { status, headers, body } = await ask(edge.addresses.ingress, '/closed')
      expect([status, headers['x-regatta-reason'], headers['x-regatta-attempts'], headers['x-regatta-region']]).toEqual([403, 'RGT_ACCESS_DENIED', '1', undefined])
      expect(JSON.parse(body)).toMatchObject({ service, policies: ['default/guard'] })
    }
    expect(edge.attempts.map(({ region, outcome, status }) => [region, outcome, status])).toEqual(Array.from({ length: 10 }, () => ['here', 'access-denied', 403]))
    expect([...edge.events, ...near.events].filter(({ kind }) => kind === 'target-state')).toEqual([])
    expect(await edge.metricsText()).toMatch(/outcome="access-denied"\} 10/)
    expect(upstream.urls).toEqual([])
  })

  test('a peer that names another service than the route\'s is held to that one\'s policy', async () => {
    const { gateway, upstream } = await regionWith(readers)
    const claims = { 'x-regatta-hop': 'edge', 'x-regatta-route': 'default/echo/0', 'x-regatta-service': service }
    expect(await reasonOf(gateway.addresses.eastWest!, '/closed', 'GET', claims)).toEqual(denied)
    expect(upstream.urls).toEqual([])
  })
})

describe('from the mesh', () => {
  const cart = 'spiffe://mesh.example/ns/default/dc/here/svc/cart'
  const cartMay = guard({}, { principals: ['service:shop/cart'], methods: ['GET'] })
  const certified = (uri: string): Record<string, string> => ({ 'x-forwarded-client-cert': `By=spiffe://mesh.example/gateway;Hash=00;Subject="CN=a, b";URI=${uri}` })

  async function inMesh(access: SnapshotAccess | null): Promise<{ gateway: Bed; upstream: SnapshotAddress & Seen; mesh: SnapshotAddress }> {
    const upstream = await echo()
    const snapshot = regionSnapshot([upstream])
    const gateway = await gatewayWith(access === null ? snapshot : guarded(snapshot, access), {
      listen: { ingress: any, eastWest: any, admin: any, mesh: any }, identities: { '/ns/default/dc/here/svc/cart': 'service:shop/cart' },
    })
    return { gateway, upstream, mesh: gateway.addresses.mesh! }
  }

  test('the identity decides, and is not passed on', async () => {
    const { mesh, upstream } = await inMesh(cartMay)
    expect((await ask(mesh, '/a', certified(cart))).status).toBe(200)
    expect(upstream.headers[0]).not.toHaveProperty('x-forwarded-client-cert')
    const { status, body } = await ask(mesh, '/a', certified(cart), 'DELETE')
    expect([status, JSON.parse(body)]).toMatchObject([403, { principal: 'service:shop/cart', method: 'DELETE' }])
    expect(upstream.urls).toEqual(['/a'])
  })

  test('the gateway must be allowed, too: it is whom the service\'s own sidecar sees', async () => {
    const { mesh } = await inMesh(guard({ principals: ['service:shop/cart'] }))
    expect(await reasonOf(mesh, '/a', 'GET', certified(cart))).toEqual(denied)
  })

  test('an identity that is nobody\'s is named in the refusal', async () => {
    const { mesh, upstream } = await inMesh(guard({}))
    const { status, body } = await ask(mesh, '/a', certified('spiffe://mesh.example/ns/default/dc/here/svc/stranger'))
    expect([status, JSON.parse(body)]).toMatchObject([403, { code: 'RGT_ACCESS_DENIED', principal: null, identity: 'spiffe://mesh.example/ns/default/dc/here/svc/stranger' }])
    expect(upstream.urls).toEqual([])
  })

  test.each([[undefined], ['nonsense'], [`URI=${cart};URI=${cart}`]])('with %s nobody comes in, guarded or not', async (value) => {
    const { mesh, upstream } = await inMesh(null)
    expect(await reasonOf(mesh, '/a', 'GET', value === undefined ? {} : { 'x-forwarded-client-cert': value })).toEqual([403, 'RGT_CALLER_UNKNOWN'])
    expect(upstream.urls).toEqual([])
  })

  test('anywhere else the header is a lie: neither believed, nor matched by routes, nor passed on', async () => {
    const { gateway, upstream } = await inMesh(guard({ principals: ['service:shop/cart'] }))
    for (const at of [gateway.addresses.ingress, gateway.addresses.eastWest!]) expect(await reasonOf(at, '/a', 'GET', certified(cart))).toEqual(denied)
    gateway.apply(regionSnapshot([upstream], { revision: 2 }))
    for (const at of [gateway.addresses.ingress, gateway.addresses.eastWest!]) expect((await ask(at, '/b', certified(cart))).status).toBe(200)
    for (const headers of upstream.headers) expect(headers).not.toHaveProperty('x-forwarded-client-cert')
    const present = { path: { type: 'PathPrefix' as const, value: '/' }, method: null, headers: [{ type: 'RegularExpression' as const, name: 'x-forwarded-client-cert', value: '.*' }], query: [] }
    gateway.apply(regionSnapshot([upstream], { revision: 3, routes: [routeTo({ matches: [present] })] }))
    expect(await reasonOf(gateway.addresses.ingress, '/c', 'GET', certified(cart))).toEqual([404, 'RGT_NO_ROUTE'])
    expect(upstream.urls).toEqual(['/b', '/b'])
  })

  test('is no peer: what gateways tell each other is not believed from it', async () => {
    const { mesh } = await inMesh(cartMay)
    const { headers } = await ask(mesh, '/a', { ...certified(cart), 'x-regatta-pin': 'nowhere', 'x-regatta-token': `${token}x`, 'x-regatta-route': 'none' })
    expect(headers).toMatchObject({ 'x-regatta-gateway': 'here-gateway', 'x-regatta-region': 'here' })
  })
})
