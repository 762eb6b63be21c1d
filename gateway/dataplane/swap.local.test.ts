// Snapshots that change under load, filters that act once, and a drain that breaks nobody.

import { Agent, request } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { SnapshotAddress } from '../snapshot/snapshot.ts'
import { ask, closeAll, edgeSnapshot, gatewayWith, regionSnapshot, routeTo, service, serviceWith, settle } from './testbed.case.ts'

afterEach(closeAll)

const answering = (text: string) => serviceWith((incoming, response) => {
  incoming.resume().on('end', () => setTimeout(() => response.end(text), 2))
})

/** Sends over kept connections until told to stop; returns status → count. Only whole answers count as their status. */
function load(at: SnapshotAddress, clients: number): { stop(): Promise<Record<string, number>> } {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const counts: Record<string, number> = {}
  let stopped = false
  const one = (): Promise<string> => new Promise((resolve) => {
    const sent = request({ ...at, agent, path: '/', headers: { host: 'h' } }, (response) => {
      response.resume().on('end', () => resolve(String(response.statusCode))).on('error', () => resolve('broken'))
    })
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? 'error'))
    sent.end()
  })
  const client = async (): Promise<void> => {
    while (!stopped) {
      const outcome = await one()
      if (outcome === 'ECONNREFUSED' && stopped) return
      counts[outcome] = (counts[outcome] ?? 0) + 1
    }
  }
  const all = Array.from({ length: clients }, client)
  return {
    async stop() {
      stopped = true
      await Promise.all(all)
      agent.destroy()
      return counts
    },
  }
}

test('snapshots change under load and no request fails', async () => {
  const [one, two] = [await answering('one'), await answering('two')]
  const gateway = await gatewayWith(regionSnapshot([one]))
  const running = load(gateway.addresses.ingress, 8)
  for (let revision = 2; revision <= 60; revision++) {
    const endpoints = revision % 3 === 0 ? [one] : revision % 3 === 1 ? [two] : [two, one]
    const extra = Array.from({ length: revision }, (_, index) => routeTo({ id: `default/extra/${index}`, hostnames: [`h${index}.test`] }))
    gateway.apply(regionSnapshot(endpoints, { revision, routes: [routeTo(), ...extra] }))
    await settle(8)
  }
  const counts = await running.stop()
  expect(Object.keys(counts)).toEqual(['200'])
  expect(gateway.events.filter(({ kind }) => kind === 'snapshot-applied').length).toBe(60)
})

test('endpoints that go and come as versions of one revision cost no request, and what is known of those that stay is kept', async () => {
  const [one, two, dead] = [await answering('one'), await answering('two'), await deadAddress()]
  const versions = (endpoints: SnapshotAddress[], version: number) => regionSnapshot(endpoints, { revision: 7, version: `v${version}` })
  const gateway = await gatewayWith(versions([one, two, dead], 0))
  const running = load(gateway.addresses.ingress, 8)
  const target = `endpoint:${dead.host}:${dead.port}`
  const states = () => gateway.events.flatMap((event) => (event.kind === 'target-state' && event.target === target && event.service === null ? [event.state] : []))
  await expect.poll(states).toContain('ejected')
  for (let version = 1; version <= 40; version++) {
    gateway.apply(versions(version % 2 === 0 ? [one, two, dead] : [one, dead], version))
    await settle(8)
  }
  expect(Object.keys(await running.stop())).toEqual(['200'])
  expect(states().slice(states().indexOf('ejected'))).toEqual(['ejected'])
  expect(gateway.snapshot).toMatchObject({ revision: 7, version: 'v40' })
})

/** Nobody listens there. */
async function deadAddress(): Promise<SnapshotAddress> {
  const server = createServer()
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => { server.close(resolve) })
  return { host: '127.0.0.1', port }
}

test('a snapshot that cannot be built changes nothing', async () => {
  const gateway = await gatewayWith(regionSnapshot([await answering('one')]))
  expect(() => gateway.apply(regionSnapshot([], { revision: 2, services: [] }))).toThrow()
  expect(gateway.snapshot!.revision).toBe(1)
  expect((await ask(gateway.addresses.ingress)).body).toBe('one')
})

test('a request whose body comes while the snapshot changes goes by the new one', async () => {
  const gateway = await gatewayWith(regionSnapshot([await answering('one')]))
  const { exchangeBytes } = await import('./testbed.case.ts')
  const other = await answering('two')
  const text = exchangeBytes(gateway.addresses.ingress, ['PUT / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 4\r\n\r\nab', 'cd'])
  gateway.apply(regionSnapshot([other], { revision: 2, services: [
    { name: 'default/another:80', endpoints: [], remoteRegions: [] }, { name: service, endpoints: [other], remoteRegions: [] },
  ] }))
  expect(await text).toMatch(/(one|two)$/)
})

test('a drain under load breaks no request and ends', async () => {
  const gateway = await gatewayWith(regionSnapshot([await answering('one')]))
  const running = load(gateway.addresses.ingress, 8)
  await settle(200)
  const stopping = running.stop()
  const cut = await gateway.drain()
  expect(cut).toBe(0)
  expect(Object.keys(await stopping)).toEqual(['200'])
})

test('filters change the request once, over links too', async () => {
  const upstream = await serviceWith((incoming, response) => {
    response.setHeader('x-up', '1')
    response.end(JSON.stringify({ url: incoming.url, host: incoming.headers.host, added: incoming.headers['x-added'], gone: incoming.headers['x-gone'] }))
  })
  const region = await gatewayWith(regionSnapshot([upstream], { routes: [filtered()] }))
  const edge = await gatewayWith(edgeSnapshot({ here: region.addresses.eastWest! }, { routes: [filtered()] }))
  for (const gateway of [region, edge]) {
    const { headers, body } = await ask(gateway.addresses.ingress, '/old/x?q=1', { 'x-gone': '1', 'x-added': 'client' })
    expect(JSON.parse(body)).toEqual({ url: '/new/x?q=1', host: 'new.test', added: 'client, a, b' })
    expect(headers['x-down']).toBe('d')
    expect(headers['x-up']).toBeUndefined()
  }
})

function filtered() {
  return routeTo({
    matches: [{ path: { type: 'PathPrefix', value: '/old' }, method: null, headers: [], query: [] }],
    filters: [
      { type: 'RequestHeaderModifier', set: [], add: [['x-added', 'a']], remove: ['x-gone'] },
      { type: 'ResponseHeaderModifier', set: [], add: [['x-down', 'd']], remove: ['x-up'] },
      { type: 'URLRewrite', hostname: 'new.test', path: { type: 'ReplacePrefixMatch', value: '/new' } },
    ],
    backends: [{ service, weight: 1, filters: [{ type: 'RequestHeaderModifier', set: [], add: [['x-added', 'b']], remove: [] }] }],
  })
}

test('a redirect is answered by the gateway', async () => {
  const gateway = await gatewayWith(regionSnapshot([], { routes: [routeTo({
    backends: [],
    filters: [{ type: 'RequestRedirect', scheme: 'https', hostname: 'new.test', port: null, path: { type: 'ReplaceFullPath', value: '/there' }, statusCode: 301 }],
  })] }))
  const { status, headers } = await ask(gateway.addresses.ingress, '/here?q=1', { host: 'old.test:8080' })
  expect([status, headers.location]).toEqual([301, 'https://new.test/there?q=1'])
})

test('a mirror gets a copy with its body, and its silence or failure never shows', async () => {
  const copies: string[] = []
  const mirror = await serviceWith((incoming, response) => {
    let body = ''
    incoming.on('data', (piece) => { body += piece }).on('end', () => {
      copies.push(`${incoming.method} ${incoming.url} ${body}`)
      if (copies.length === 2) response.writeHead(500).end()
    })
  })
  const primary = await answering('one')
  const gateway = await gatewayWith(regionSnapshot([primary], {
    routes: [routeTo({ filters: [{ type: 'RequestMirror', service: 'default/copy:80', fraction: 1 }] })],
    services: [{ name: 'default/copy:80', endpoints: [mirror], remoteRegions: [] }, { name: service, endpoints: [primary], remoteRegions: [] }],
  }))
  for (const method of ['GET', 'PUT', 'PUT']) {
    expect(await ask(gateway.addresses.ingress, '/m', {}, method, method === 'GET' ? '' : 'body')).toMatchObject({ status: 200, body: 'one' })
  }
  await settle(50)
  expect(copies).toEqual(['GET /m ', 'PUT /m body', 'PUT /m body'])
})

test('weights share out requests, and nought gets none', async () => {
  const [one, two, never] = [await answering('one'), await answering('two'), await answering('never')]
  const names = ['default/one:80', 'default/two:80', 'default/never:80']
  const gateway = await gatewayWith(regionSnapshot([], {
    routes: [routeTo({ backends: names.map((name, index) => ({ service: name, weight: [3, 1, 0][index], filters: [] })) })],
    services: [[names[0], one], [names[1], two], [names[2], never]].map(([name, at]) => ({ name: name as string, endpoints: [at as SnapshotAddress], remoteRegions: [] })),
  }))
  const counts: Record<string, number> = {}
  for (let index = 0; index < 200; index++) {
    const { body } = await ask(gateway.addresses.ingress)
    counts[body] = (counts[body] ?? 0) + 1
  }
  // Binomial with n = 200, p = 0.75: six standard deviations are 37. The random stream is seeded, so this never flickers.
  expect(counts.one).toBeGreaterThan(150 - 37)
  expect(counts.two).toBe(200 - counts.one)
})
