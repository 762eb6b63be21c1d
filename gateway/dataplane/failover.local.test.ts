// An edge gateway between two regions: what each kind of loss does to the clients' requests.

import { afterEach, expect, test } from 'vitest'
import { defaultHealth, defaultRouteFailover } from '../snapshot/snapshot.ts'
import {
  ask, closeAll, edgeSnapshot, gatewayWith, refusingAddress, regionSnapshot, routeTo, service, serviceWith, settle, socketsWith, token, type Bed,
} from './testbed.case.ts'

afterEach(closeAll)

const answering = (text: string) => serviceWith((request, response) => {
  request.resume().on('end', () => response.end(text))
})

/** A region: a gateway in front of a service that answers the region's name. */
async function region(name: string, endpoints?: { host: string; port: number }[]): Promise<Bed> {
  return gatewayWith(regionSnapshot(endpoints ?? [await answering(name)], {
    gateway: { name: `${name}-gateway`, role: 'region', region: name }, regions: [{ name, jurisdiction: 'eu', rttMs: 0, links: [] }],
  }))
}

const link = (gateway: Bed): { host: string; port: number } => gateway.addresses.eastWest!

test('the nearest region serves, and its name travels to the client', async () => {
  const [near, far] = [await region('near'), await region('far')]
  const edge = await gatewayWith(edgeSnapshot({ near: link(near), far: link(far) }))
  const { status, headers, body } = await ask(edge.addresses.ingress)
  expect([status, body]).toEqual([200, 'near'])
  expect(headers).toMatchObject({ 'x-regatta-region': 'near', 'x-regatta-gateway': 'edge', 'x-regatta-attempts': '1' })
  const pinned = await ask(edge.addresses.ingress, '/', { 'x-regatta-pin': 'far', 'x-regatta-token': token })
  expect(pinned.body).toBe('far')
})

test('a region that is refused costs no request', async () => {
  const far = await region('far')
  const edge = await gatewayWith(edgeSnapshot({ near: await refusingAddress(), far: link(far) }))
  for (let index = 0; index < 10; index++) {
    const method = index % 2 === 0 ? 'GET' : 'POST'
    expect(await ask(edge.addresses.ingress, '/', {}, method, method === 'POST' ? 'body' : '')).toMatchObject({ status: 200, body: 'far' })
  }
  expect(edge.events.some((event) => event.kind === 'target-state' && event.state === 'ejected')).toBe(true)
})

test('a region that falls silent costs no eligible request: it is hedged and then left', async () => {
  const silent = await socketsWith(() => {})
  const far = await region('far')
  const edge = await gatewayWith(edgeSnapshot({ near: silent, far: link(far) }))
  const answers = await Promise.all(Array.from({ length: 20 }, async (_, index) => {
    await settle(index * 10)
    return ask(edge.addresses.ingress)
  }))
  expect(answers.map(({ status, body }) => [status, body])).toEqual(answers.map(() => [200, 'far']))
  expect(edge.attempts.some(({ reason, outcome }) => reason === 'hedge' && outcome === 'ok')).toBe(true)
  expect(edge.attempts.some(({ target, outcome }) => target.startsWith('link:near') && outcome === 'cancelled')).toBe(true)
})

test('a region whose gateway has no healthy service says so, and the request moves, body and all', async () => {
  const near = await region('near', [await refusingAddress()])
  const far = await region('far', [await serviceWith((request, response) => {
    let body = ''
    request.on('data', (piece) => { body += piece }).on('end', () => response.end(`far ${body}`))
  })])
  const edge = await gatewayWith(edgeSnapshot({ near: link(near), far: link(far) }))
  for (const method of ['GET', 'POST', 'PUT']) {
    const body = method === 'GET' ? '' : 'the body'
    expect(await ask(edge.addresses.ingress, '/', {}, method, body)).toMatchObject({ status: 200, body: `far ${body}` })
  }
  expect(edge.attempts.some(({ outcome }) => outcome === 'gateway-unavailable')).toBe(true)
})

test('a region that reports a service as unavailable in its probes is not asked for it', async () => {
  const near = await region('near', [await refusingAddress()])
  const far = await region('far')
  const edge = await gatewayWith(edgeSnapshot({ near: link(near), far: link(far) }))
  await settle(1500)
  const before = edge.attempts.length
  expect((await ask(edge.addresses.ingress)).body).toBe('far')
  expect(edge.attempts.slice(before).map(({ region: asked }) => asked)).toEqual(['far'])
})

test('a POST that reached a service is not sent again, and the answer says so', async () => {
  const near = await region('near', [await socketsWith((socket) => {
    let text = ''
    socket.on('data', (bytes) => {
      text += bytes
      if (text.includes('body')) socket.destroy()
      else if (text.includes('/healthz')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    })
  })])
  const far = await region('far')
  const edge = await gatewayWith(edgeSnapshot({ near: link(near), far: link(far) }))
  const { status } = await ask(edge.addresses.ingress, '/', {}, 'POST', 'body')
  expect(status).toBe(502)
  expect(edge.attempts.map(({ region: asked }) => asked)).toEqual(['near'])
})

test('residency fails closed: the only lawful region is gone and nobody else is asked', async () => {
  const far = await region('far')
  const edge = await gatewayWith(edgeSnapshot({ near: await refusingAddress(), far: link(far) }, {
    routes: [routeTo({ residency: { allowed: ['near'], reason: 'GDPR' } })],
  }))
  for (let index = 0; index < 3; index++) {
    const { status, headers } = await ask(edge.addresses.ingress)
    expect([status, headers['x-regatta-reason']]).toEqual([503, 'RGT_NO_HEALTHY_TARGET'])
  }
  edge.apply({ ...edge.snapshot!, revision: 2, routes: [routeTo({ residency: { allowed: [], reason: 'none' } })] })
  expect((await ask(edge.addresses.ingress)).headers['x-regatta-reason']).toBe('RGT_RESIDENCY')
  expect(edge.attempts.filter(({ region: asked }) => asked === 'far')).toEqual([])
})

test('with the policy off the nearest region is asked whatever its health, once', async () => {
  const far = await region('far')
  const edge = await gatewayWith(edgeSnapshot({ near: await refusingAddress(), far: link(far) }, {
    routes: [routeTo({ failover: { ...defaultRouteFailover, enabled: false } })],
  }))
  for (let index = 0; index < 4; index++) expect((await ask(edge.addresses.ingress)).status).toBeGreaterThanOrEqual(502)
})

test('a region that comes back is taken up again slowly', async () => {
  const near = await region('near')
  const far = await region('far')
  const health = { ...defaultHealth, recovery: { successes: 2, minMs: 100, rampMs: 200, rampStart: 0.5 }, probe: { ...defaultHealth.probe, intervalMs: 50 } }
  const edge = await gatewayWith(edgeSnapshot({ near: link(near), far: link(far) }, { health }))
  expect((await ask(edge.addresses.ingress)).body).toBe('near')
  const at = link(near)
  await near.close()
  expect((await ask(edge.addresses.ingress)).body).toBe('far')
  expect((await ask(edge.addresses.ingress)).body).toBe('far')
  await gatewayWith(near.snapshot!, { listen: { ingress: { host: '127.0.0.1', port: 0 }, eastWest: at, admin: { host: '127.0.0.1', port: 0 } } })
  for (let tries = 0; tries < 100 && (await ask(edge.addresses.ingress)).body !== 'near'; tries++) await settle(30)
  expect((await ask(edge.addresses.ingress)).body).toMatch(/near|far/)
  expect(edge.events.some((event) => event.kind === 'target-state' && event.state === 'recovering')).toBe(true)
  expect(edge.attempts.at(-1)?.outcome).toBe('ok')
  expect(edge.snapshot!.services[0].name).toBe(service)
})

test('a refusal by the far gateway names no region, because no service answered', async () => {
  const near = await region('near', [await refusingAddress()])
  const edge = await gatewayWith(edgeSnapshot({ near: link(near) }))
  for (let index = 0; index < 4; index++) {
    const { status, headers } = await ask(edge.addresses.ingress, '/', { 'x-regatta-pin': 'near', 'x-regatta-token': token })
    expect(status).toBeGreaterThanOrEqual(502)
    expect(headers['x-regatta-region']).toBeUndefined()
  }
})
