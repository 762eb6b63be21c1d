// The services process over real sockets: it says who it is, degrades and recovers when told with the token,
// and ends with its owner.

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { request } from 'undici'
import { freePorts, isReady, startChild, type TestChild } from '../generator/child.case.ts'
import type { ServicesBootstrap } from './bootstrap.ts'

const main = join(import.meta.dirname, 'main.ts')
const host = '127.0.0.1'
let child: TestChild
let bootstrap: ServicesBootstrap

beforeAll(async () => {
  const [control, shop0, shop1, pay, desk] = await freePorts(5)
  const calm = { latencyMs: 0, jitterMs: 0, distribution: 'uniform' as const, concurrency: null, bytes: 600, errorRate: 0 }
  bootstrap = {
    region: 'eu-west', seed: 7, token: 'secret', control: { host, port: control },
    endpoints: [
      { service: 'default/shop:80', replica: 0, port: shop0, ...calm },
      { service: 'default/shop:80', replica: 1, port: shop1, ...calm, bytes: 10 },
      { service: 'default/pay:80', replica: 0, port: pay, ...calm, errorRate: 0.3 },
      { service: 'default/desk:80', replica: 0, port: desk, ...calm, latencyMs: 40, concurrency: 1 },
    ],
  }
  child = startChild(main, bootstrap)
  await child.line(isReady)
})
afterAll(() => child.stop())

const get = async (port: number, path = '/cart?x=1', options: Parameters<typeof request>[1] = {}) => {
  const { statusCode, headers, body } = await request(`http://${host}:${port}${path}`, options)
  return { statusCode, headers, text: await body.text() }
}
const control = (path: string, body?: unknown, headers: Record<string, string> = { 'x-regatta-token': 'secret' }) =>
  get(bootstrap.control.port, path, { method: body === undefined ? 'GET' : 'POST', headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })

describe('an echo service', () => {
  it('says which region, service and replica it is, at the size asked for', async () => {
    const { statusCode, headers, text } = await get(bootstrap.endpoints[0].port, '/cart?x=1', { headers: { 'x-request-id': 'load-1' } })
    expect(statusCode).toBe(200)
    expect(headers['x-echo-region']).toBe('eu-west')
    expect(text).toHaveLength(600)
    expect(JSON.parse(text)).toMatchObject({
      region: 'eu-west', service: 'default/shop:80', replica: 0, method: 'GET', path: '/cart?x=1', requestId: 'load-1',
    })
    expect(JSON.parse((await get(bootstrap.endpoints[1].port)).text)).toMatchObject({ replica: 1 })
  })

  it('lists headers that are asked for as they came, doubled ones twice, and no others', async () => {
    const { port } = bootstrap.endpoints[0]
    const headers = ['x-echo-headers', 'Baggage, traceparent', 'baggage', 'a=1', 'Baggage', 'b=2', 'tracestate', 'c=3']
    expect(JSON.parse((await get(port, '/', { headers })).text)).toMatchObject({ received: [['baggage', 'a=1'], ['Baggage', 'b=2']] })
    expect(JSON.parse((await get(port)).text)).not.toHaveProperty('received')
  })

  it('reads bodies of both framings, answers HEAD without one, and keeps the connection', async () => {
    const { port } = bootstrap.endpoints[0]
    expect((await get(port, '/', { method: 'POST', body: 'x'.repeat(100_000) })).statusCode).toBe(200)
    const chunked = (async function* () { yield Buffer.from('one'); yield Buffer.from('two') })()
    expect((await get(port, '/', { method: 'POST', body: chunked as never })).statusCode).toBe(200)
    const head = await get(port, '/', { method: 'HEAD' })
    expect([head.statusCode, head.headers['content-length'], head.text]).toEqual([200, '600', ''])
  })

  it('fails at its rate', async () => {
    const statuses = await Promise.all(Array.from({ length: 300 }, () => get(bootstrap.endpoints[2].port)))
    const failed = statuses.filter(({ statusCode }) => statusCode === 500).length
    // 90 expected, standard deviation 8: six of them on each side.
    expect(failed).toBeGreaterThan(42)
    expect(failed).toBeLessThan(138)
  })

  it('works on no more at once than its concurrency, the others wait', async () => {
    const { port } = bootstrap.endpoints[3]
    const started = performance.now()
    await Promise.all([get(port), get(port), get(port)])
    expect(performance.now() - started).toBeGreaterThan(117) // three times 40 ms, a timer never fires more than a tick early
  })

  it('answers /healthz whatever its state', async () => {
    await control('/degrade', { services: null, delayMs: 0, errorRate: 1 })
    for (const { port } of bootstrap.endpoints) expect((await get(port, '/healthz')).statusCode).toBe(200)
    await control('/restore', {})
  })
})

describe('its control listener', () => {
  it('degrades the named services and restores them', async () => {
    const [shop, , pay] = bootstrap.endpoints
    expect(JSON.parse((await control('/degrade', { services: ['default/shop:80'], delayMs: 120, errorRate: 1 })).text)).toEqual({ degraded: 2 })
    const started = performance.now()
    expect((await get(shop.port)).statusCode).toBe(500)
    expect(performance.now() - started).toBeGreaterThan(115) // a timer never fires more than a tick early
    const status = JSON.parse((await control('/status')).text) as { service: string; degradation: unknown }[]
    expect(status.find(({ service }) => service === 'default/pay:80')!.degradation).toBeNull()
    expect(pay.service).toBe('default/pay:80')
    expect(JSON.parse((await control('/restore', { services: null })).text)).toEqual({ restored: 4 })
    expect((await get(shop.port)).statusCode).toBe(200)
  })

  it.each([
    ['no token', '/degrade', { services: null, delayMs: 0, errorRate: 0 }, {}, 403, 'RGT_TOKEN'],
    ['a wrong token', '/status', undefined, { 'x-regatta-token': 'guess' }, 403, 'RGT_TOKEN'],
    ['another Host', '/status', undefined, { 'x-regatta-token': 'secret', host: 'evil.example' }, 403, 'RGT_TOKEN'],
    ['an unknown service', '/degrade', { services: ['default/shpo:80'], delayMs: 0, errorRate: 0 }, undefined, 400, 'RGT_CONTROL_REQUEST'],
    ['a rate above one', '/degrade', { services: null, delayMs: 0, errorRate: 2 }, undefined, 400, 'RGT_CONTROL_REQUEST'],
    ['a list as body', '/restore', [], undefined, 400, 'RGT_CONTROL_REQUEST'],
    ['another path', '/explode', {}, undefined, 400, 'RGT_CONTROL_REQUEST'],
  ])('refuses %s', async (_, path, body, headers, status, code) => {
    const answer = await control(path, body, headers as Record<string, string> | undefined)
    expect([answer.statusCode, JSON.parse(answer.text).code]).toEqual([status, code])
  })

  it('tells its health to anyone', async () => {
    expect((await control('/healthz', undefined, {})).statusCode).toBe(200)
  })
})

describe('its life', () => {
  it('ends when its owner does, and says when a port is taken', async () => {
    const taken = startChild(main, { ...bootstrap, control: { host, port: bootstrap.endpoints[0].port }, endpoints: [] })
    expect(await taken.exited).toBe(4)
    expect(taken.stderr.join('')).toContain('RGT_LISTEN')
    const [port] = await freePorts(1)
    const other = startChild(main, { ...bootstrap, control: { host, port }, endpoints: [] })
    await other.line(isReady)
    expect(await other.stop()).toBe(0)
  })

  it('answers what it works on when it is asked to end, and takes nothing new', async () => {
    const [control, port] = await freePorts(2)
    const [first] = bootstrap.endpoints
    const other = startChild(main, { ...bootstrap, control: { host, port: control }, endpoints: [{ ...first, port, latencyMs: 300 }] })
    await other.line(isReady)
    const underWay = get(port)
    await expect.poll(async () => JSON.parse((await get(control, '/status', { headers: { 'x-regatta-token': 'secret' } })).text)).toMatchObject([{ requests: 1 }])
    other.kill('SIGTERM')
    expect((await underWay).statusCode).toBe(200)
    expect(await other.exited).toBe(0)
    await expect(get(port)).rejects.toThrow()
  })
})
