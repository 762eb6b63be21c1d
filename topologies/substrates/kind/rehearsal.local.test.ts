// The rehearsal asks at the rates of the streams, only what may be repeated and is not pinned, and stops when called off.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { LoadSpec, RequestTemplate, StreamSpec } from '../../substrate.ts'
import { rehearse } from './rehearsal.ts'

const heard: { method: string; host: string; path: string }[] = []
let status = 200
const server = createServer((request, response) => {
  heard.push({ method: request.method!, host: request.headers.host!, path: request.url! })
  response.writeHead(status).end('x')
})
let port = 0
beforeAll(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => { port = (server.address() as AddressInfo).port; resolve() })))
afterAll(() => void server.close())
beforeEach(() => { heard.length = 0; status = 200 })

const template = (method: string, path: string): RequestTemplate => ({ name: path, weight: 1, method, host: 'shop.example.com', path, headers: {}, bodyBytes: 0 })
const stream = (changes: Partial<StreamSpec> = {}): StreamSpec => ({
  group: 'europe', entry: null, ratePerSecond: 40, arrivals: 'constant', seed: 1, phaseUs: 0, timeoutMs: 1000, pinned: null,
  templates: [template('GET', '/a'), template('POST', '/b'), template('GET', '/c')], ...changes,
})
const load = (...streams: StreamSpec[]): LoadSpec => ({ name: 'shop', source: 'load', engine: 'k6', streams, fromUs: 0, toUs: 1 })
const entries = () => ({ europe: { own: { kind: 'edge' as const, edge: 'f' }, edges: { f: { host: '127.0.0.1', port } }, regions: {} } })
const never = new AbortController().signal

test('asks what may be repeated, at the rate of its stream', async () => {
  const { requests, failed } = await rehearse([load(stream())], entries(), never, 500)
  expect({ requests, failed }).toEqual({ requests: 20, failed: 0 })
  expect(new Set(heard.map(({ method, host, path }) => `${method} ${host}${path}`))).toEqual(new Set(['GET shop.example.com/a', 'GET shop.example.com/c']))
})

test('passes over what is pinned, and counts what failed', async () => {
  status = 503
  expect(await rehearse([load(stream({ pinned: 'eu-west' }), stream({ ratePerSecond: 20 }))], entries(), never, 200)).toEqual({ requests: 4, failed: 4 })
})

test('called off, it throws the reason and leaves nothing open', async () => {
  const controller = new AbortController()
  const rehearsing = rehearse([load(stream())], entries(), controller.signal, 60_000)
  controller.abort(new Error('enough'))
  await expect(rehearsing).rejects.toThrow('enough')
})
