// Alerts on their way: over real sockets and into real files.

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync, mkdirSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { systemScheduler } from '../runtime.ts'
import { createAlertDeliveries, type AlertDeliveries, type AlertMessage } from './alert-delivery.ts'

let folder = ''
let servers: Server[] = []
let open: AlertDeliveries[] = []
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'regatta-alerts-')) })
afterEach(async () => {
  await Promise.all(open.map((deliveries) => deliveries.close(0)))
  for (const server of servers) {
    server.closeAllConnections()
    await new Promise((resolve) => { server.close(resolve) })
  }
  ;[open, servers] = [[], []]
  rmSync(folder, { recursive: true, force: true })
})

const message: AlertMessage = {
  apiVersion: 'regatta.dev/v1alpha1', kind: 'Alert', region: 'eu-west', at: '2026-01-01T00:00:00.000Z',
  alert: { rule: 'r', kind: 'burn-rate', policy: 'shop/p', severity: 'page', state: 'firing', labels: { route: 'ü/a/0' }, value: 1, bound: 1, unit: '', summary: '', gateways: [] },
}

function start(stateDir: string | null = folder) {
  const failures: string[] = []
  const deliveries = createAlertDeliveries({ stateDir, scheduler: systemScheduler, random: { next: () => 0 }, failed: (receiver, why) => failures.push(`${receiver}: ${why}`) })
  open.push(deliveries)
  return { deliveries, failures }
}

async function receiver(answer: (request: IncomingMessage, response: ServerResponse, text: string) => void): Promise<string> {
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (piece: string) => { text += piece }).on('end', () => answer(request, response, text))
  })
  servers.push(server)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=secret`
}

const until = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 15_000, interval: 10 })

test('a webhook gets the message as JSON, and again until it takes it', async () => {
  const heard: { method?: string; url?: string; type?: string; body: unknown }[] = []
  const url = await receiver((request, response, text) => {
    heard.push({ method: request.method, url: request.url, type: request.headers['content-type'], body: JSON.parse(text) })
    response.writeHead(heard.length === 1 ? 503 : 204).end()
  })
  const { deliveries } = start()
  deliveries.deliver(message, [{ kind: 'webhook', url }])
  await until(() => expect(deliveries.counts.delivered).toBe(1))
  expect(heard).toEqual([1, 2].map(() => ({ method: 'POST', url: '/hook?key=secret', type: 'application/json', body: message })))
})

test('a webhook that sends whoever asks elsewhere has not taken the message', async () => {
  const url = await receiver((_, response) => { response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end() })
  const { deliveries, failures } = start()
  deliveries.deliver(message, [{ kind: 'webhook', url }])
  await until(() => expect(deliveries.counts.failed).toBe(1))
  expect(failures).toEqual([`webhook ${new URL(url).origin}: it answered 302, 4 of 4 tries`])
})

test('a webhook that takes the message and never answers is left when the plane ends', async () => {
  let taken = 0
  const url = await receiver(() => { taken++ })
  const { deliveries } = start()
  deliveries.deliver(message, [{ kind: 'webhook', url }])
  await until(() => expect(taken).toBe(1))
  await deliveries.close(50)
  expect(deliveries.counts).toEqual({ delivered: 0, failed: 1, shed: 0 })
})

test('nobody listens', async () => {
  const { deliveries, failures } = start()
  deliveries.deliver(message, [{ kind: 'webhook', url: 'http://127.0.0.1:1/' }])
  await until(() => expect(failures).toHaveLength(1))
  expect(failures[0]).toMatch(/^webhook http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED.*, 4 of 4 tries$/)
})

test('a file gets a line each, and makes room when it has grown large', async () => {
  const { deliveries } = start()
  const path = join(folder, 'alerts', 'a.ndjson')
  deliveries.deliver(message, [{ kind: 'file', path: 'a.ndjson' }])
  deliveries.deliver({ ...message, region: 'us-east' }, [{ kind: 'file', path: 'a.ndjson' }])
  await until(() => expect(deliveries.counts.delivered).toBe(2))
  expect(readFileSync(path, 'utf8').split('\n').map((line) => (line === '' ? null : JSON.parse(line) as unknown))).toEqual([message, { ...message, region: 'us-east' }, null])
  truncateSync(path, 16 * 1024 * 1024)
  deliveries.deliver(message, [{ kind: 'file', path: 'a.ndjson' }])
  await until(() => expect(deliveries.counts.delivered).toBe(3))
  expect(readFileSync(path, 'utf8')).toBe(`${JSON.stringify(message)}\n`)
  expect(existsSync(`${path}.1`)).toBe(true)
})

test('a folder that cannot be written, and none at all, are told', async () => {
  mkdirSync(join(folder, 'state'))
  writeFileSync(join(folder, 'state', 'alerts'), 'no folder')
  chmodSync(join(folder, 'state', 'alerts'), 0o400)
  const broken = start(join(folder, 'state'))
  const none = start(null)
  for (const { deliveries } of [broken, none]) deliveries.deliver(message, [{ kind: 'file', path: 'a.ndjson' }])
  await until(() => expect([broken.failures.length, none.failures.length]).toEqual([1, 1]))
  expect(broken.failures[0]).toMatch(/^file a\.ndjson: (EEXIST|ENOTDIR)/)
  expect(none.failures[0]).toBe('file a.ndjson: this control plane has no folder for its state, 4 of 4 tries')
})
