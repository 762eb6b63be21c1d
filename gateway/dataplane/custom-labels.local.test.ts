// Labels of MetricsPolicies on real requests: from headers, GraphQL operations and the status of gRPC, wherever each may stand.

import type { RequestListener } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import type { CustomMetric } from '../telemetry/red/red.ts'
import { ask, closeAll, regionSnapshot, routeTo, serviceWith, token, tracingGateway, type Bed } from './testbed.case.ts'

afterEach(closeAll)

const metrics: CustomMetric[] = [
  { label: 'plan', from: { kind: 'request-header', name: 'x-plan' }, maxValues: 2 },
  { label: 'cache', from: { kind: 'response-header', name: 'x-cache' }, maxValues: 50 },
  { label: 'operation', from: { kind: 'graphql-operation' }, maxValues: 50 },
  { label: 'grpc_status', from: { kind: 'grpc-status' }, maxValues: 50 },
]

async function bed(listener: RequestListener = (_, response) => { response.end('hello') }): Promise<Bed> {
  return tracingGateway(regionSnapshot([await serviceWith(listener)], { routes: [routeTo({ metrics })] }))
}

/** The labels of all that was counted, with how often, as scrapers see them. */
async function counted(gateway: Bed, ...labels: string[]): Promise<Record<string, number>> {
  const { body } = await ask(gateway.addresses.admin, '/metrics', { host: 'localhost', 'x-regatta-token': token })
  const lines = body.split('\n').filter((line) => line.startsWith('regatta_requests_total{'))
  return Object.fromEntries(lines.map((line) => [
    labels.map((label) => new RegExp(`[{,]${label}="([^"]*)"`).exec(line)?.[1] ?? 'absent').join(' '), Number(line.slice(line.lastIndexOf(' ') + 1)),
  ]))
}

describe('labels', () => {
  it('come from fields of request and response; what is not there is empty', async () => {
    const gateway = await bed((request, response) => {
      if (request.url === '/hit') response.setHeader('X-Cache', 'hit')
      response.end()
    })
    const { ingress } = gateway.addresses
    await ask(ingress, '/hit', { 'X-Plan': 'gold' })
    await ask(ingress, '/hit', { 'x-plan': 'gold' })
    await ask(ingress, '/', {})
    expect(await counted(gateway, 'plan', 'cache')).toEqual({ 'gold hit': 2, ' ': 1 })
  })

  it('beyond their values count together, with the labels of the route', async () => {
    const gateway = await bed()
    for (const plan of ['a', 'b', 'c', 'd', 'a']) await ask(gateway.addresses.ingress, '/', { 'x-plan': plan })
    expect(await counted(gateway, 'plan', 'overflow', 'route')).toEqual({ 'a absent default/echo/0': 2, 'b absent default/echo/0': 1, 'absent true default/echo/0': 2 })
  })

  it.each<[string, string, string, string, string]>([
    ['the query of a GET', 'GET', '/graphql?query=%7Bcart%7D&operationName=GetCart', '', 'GetCart'],
    ['the JSON of a POST', 'POST', '/graphql', JSON.stringify({ query: 'mutation Pay { pay }', operationName: 'Pay' }), 'Pay'],
    ['a query without one', 'GET', '/graphql?query=%7Bcart%7D', '', ''],
    ['JSON without one', 'POST', '/graphql', '{"query":"{cart}"}', ''],
    ['JSON with something else in its place', 'POST', '/graphql', '{"operationName":{"a":1}}', ''],
    ['a body that is no JSON', 'POST', '/graphql', '{"operationName":', ''],
    ['null', 'POST', '/graphql', 'null', ''],
    ['a name that is longer than a label', 'GET', `/graphql?operationName=${'x'.repeat(300)}`, '', 'x'.repeat(128)],
  ])('tell the GraphQL operation of %s', async (_, method, path, body, operation) => {
    const gateway = await bed()
    expect((await ask(gateway.addresses.ingress, path, {}, method, body)).status).toBe(200)
    expect(await counted(gateway, 'operation')).toEqual({ [operation]: 1 })
  })

  it('tell the status of gRPC from trailers, and from a head that is all there is', async () => {
    const gateway = await bed((request, response) => {
      if (request.url === '/whole') response.setHeader('grpc-status', '12')
      else response.setHeader('trailer', 'grpc-status')
      response.write('frame')
      if (request.url !== '/whole') response.addTrailers({ 'grpc-status': '5' })
      response.end()
    })
    await ask(gateway.addresses.ingress, '/trailers', { te: 'trailers' }, 'POST', 'frame')
    await ask(gateway.addresses.ingress, '/whole', { te: 'trailers' }, 'POST', 'frame')
    expect(await counted(gateway, 'grpc_status')).toEqual({ 5: 1, 12: 1 })
  })

  it('of a request that nobody served are those of the request', async () => {
    const gateway = await tracingGateway(regionSnapshot([], { routes: [routeTo({ metrics })] }))
    expect((await ask(gateway.addresses.ingress, '/', { 'x-plan': 'gold' })).status).toBe(503)
    expect(await counted(gateway, 'plan', 'cache', 'outcome')).toEqual({ 'gold  no-healthy-target': 1 })
  })
})
