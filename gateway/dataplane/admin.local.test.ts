// The control port: who may call it, what it says, and that /metrics holds what happened.

import { afterEach, expect, test } from 'vitest'
import { ask, closeAll, gatewayWith, regionSnapshot, serviceWith, token } from './testbed.case.ts'

afterEach(closeAll)

const withToken = { host: '127.0.0.1', 'x-regatta-token': token }

async function served() {
  return gatewayWith(regionSnapshot([await serviceWith((_, response) => response.end('ok'))]))
}

test.each<[string, string, Record<string, string>, number, string | null]>([
  ['/healthz', 'GET', { host: '127.0.0.1' }, 200, null],
  ['/healthz', 'GET', { host: 'evil.test' }, 403, 'RGT_ADMIN_HOST'],
  ['/status', 'GET', { host: '127.0.0.1' }, 401, 'RGT_TOKEN'],
  ['/status', 'GET', { host: '127.0.0.1', 'x-regatta-token': 'wrong' }, 401, 'RGT_TOKEN'],
  ['/metrics', 'GET', { host: 'localhost:9' }, 401, 'RGT_TOKEN'],
  ['/drain', 'POST', { host: '[::1]:9' }, 401, 'RGT_TOKEN'],
  ['/drain', 'POST', { ...withToken, host: 'evil.test' }, 403, 'RGT_ADMIN_HOST'],
  ['/drain', 'GET', withToken, 404, 'RGT_ADMIN'],
  ['/readyz', 'GET', withToken, 200, null],
  ['/readyz', 'GET', { host: '10.244.0.7:9090' }, 200, null],
  ['/clock', 'GET', { host: '127.0.0.1' }, 200, null],
  ['/clock', 'POST', { host: '127.0.0.1' }, 401, 'RGT_TOKEN'],
  ['/gc', 'POST', withToken, globalThis.gc === undefined ? 409 : 200, globalThis.gc === undefined ? 'RGT_ADMIN' : null],
])('%s %s with %j answers %i', async (path, method, headers, status, code) => {
  const gateway = await served()
  const response = await ask(gateway.addresses.admin, path, headers, method)
  expect(response.status).toBe(status)
  if (code !== null) expect(JSON.parse(response.body).code).toBe(code)
})

test('/metrics counts requests, attempts and decisions, and shows targets', async () => {
  const gateway = await served()
  for (let index = 0; index < 3; index++) await ask(gateway.addresses.ingress)
  await ask(gateway.addresses.ingress, '/', { 'content-length': 'x' })
  const { body } = await ask(gateway.addresses.admin, '/metrics', withToken)
  expect(body).toContain('regatta_requests_total{route="default/echo/0",region="here",outcome="ok"} 3')
  expect(body).toContain('regatta_attempts_total{reason="first",outcome="ok"} 3')
  expect(body).toContain('regatta_refused_messages_total 1')
  expect(body).toMatch(/regatta_decision_seconds_bucket\{le="\+Inf"\} 3/)
  expect(body).toContain('regatta_decision_seconds_count 3')
  expect(body).toMatch(/regatta_decision_quantile_seconds\{quantile="0.99"\} [\d.e-]+/)
  expect(body).toMatch(/regatta_target_state\{target="endpoint:127\.0\.0\.1:\d+",region="here",state="healthy"\} 1/)
  expect(body).toContain('regatta_snapshot_revision 1')
  expect(body).toMatch(/# TYPE regatta_decision_seconds histogram/)
})

test('/status says what is served, and /drain makes it not ready', async () => {
  const gateway = await served()
  const before = JSON.parse((await ask(gateway.addresses.admin, '/status', withToken)).body)
  expect(before).toMatchObject({ name: 'here-gateway', region: 'here', ready: true, snapshot: { revision: 1, version: 'v1', routes: 1 } })
  expect((await ask(gateway.addresses.admin, '/drain', withToken, 'POST')).status).toBe(202)
  expect((await ask(gateway.addresses.admin, '/readyz', withToken)).status).toBe(503)
})

test('without a snapshot requests are refused with a reason, and the gateway is not ready', async () => {
  const gateway = await gatewayWith(undefined)
  const { status, headers } = await ask(gateway.addresses.ingress)
  expect([status, headers['x-regatta-reason']]).toEqual([503, 'RGT_NOT_READY'])
  expect((await ask(gateway.addresses.admin, '/readyz', withToken)).status).toBe(503)
  expect((await ask(gateway.addresses.eastWest!, '/.regatta/health')).status).toBe(503)
})

test('an address that is taken is a coded error', async () => {
  const gateway = await served()
  const taken = gateway.addresses.ingress
  const free = { host: '127.0.0.1', port: 0 }
  await expect(gatewayWith(undefined, { listen: { ingress: taken, eastWest: null, admin: free } })).rejects.toMatchObject({ code: 'RGT_LISTEN' })
})
