// The API of the embedded proxy, the same calls against a real Toxiproxy where there is one, and the token.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { seededRandom, systemClock, systemScheduler } from '../../../../../gateway/runtime.ts'
import { freePorts, serveEcho, type Served } from '../sockets.case.ts'
import { realToxiproxy } from '../toxiproxy.case.ts'
import { createAlarms } from './alarms.ts'
import { createApi } from './api.ts'
import { apiCases } from './api.case.ts'

let free: number[]
let taken: Served
beforeAll(async () => {
  free = await freePorts(10)
  taken = await serveEcho()
})
afterAll(() => taken.close())
const ports = (): [number, number, number] => [free.pop()!, free.pop()!, taken.port]

async function serveApi(token: string | null): Promise<{ port: number; close(): Promise<void> }> {
  const { server, close } = createApi({ token, alarms: createAlarms(systemClock, systemScheduler), random: seededRandom(1) })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { port: (server.address() as { port: number }).port, close }
}

describe('embedded, without a token', () => {
  let api: Awaited<ReturnType<typeof serveApi>>
  beforeAll(async () => { api = await serveApi(null) })
  afterAll(() => api.close())
  apiCases(() => ({ origin: `http://127.0.0.1:${api.port}`, headers: {} }), ports)
})

describe('embedded, with a token', () => {
  let api: Awaited<ReturnType<typeof serveApi>>
  beforeAll(async () => { api = await serveApi('secret') })
  afterAll(() => api.close())
  const statusOf = (headers: Record<string, string>): Promise<number> => new Promise((resolve, reject) => {
    request({ port: api.port, path: '/proxies', headers }, (response) => {
      response.resume()
      resolve(response.statusCode!)
    }).on('error', reject).end()
  })

  apiCases(() => ({ origin: `http://127.0.0.1:${api.port}`, headers: { 'x-regatta-token': 'secret' } }), ports)

  test.each([
    [200, { 'x-regatta-token': 'secret' }],
    [200, { authorization: 'Bearer secret', host: 'localhost:1' }],
    [401, {}],
    [401, { 'x-regatta-token': 'secre' }],
    [401, { 'x-regatta-token': 'Secret' }],
    [403, { 'x-regatta-token': 'secret', host: 'rebound.example' }],
    [403, { 'x-regatta-token': 'secret', host: '127.0.0.1.example:80' }],
  ])('%i for %o', async (status, headers) => expect(await statusOf(headers as Record<string, string>)).toBe(status))
})

const real = await realToxiproxy()
describe.skipIf(real.path === null)(`toxiproxy${real.path === null ? `: ${real.why}` : ` at ${real.path}`}`, () => {
  let origin: string
  let stop: () => Promise<unknown>
  beforeAll(async () => {
    const port = free.pop()!
    origin = `http://127.0.0.1:${port}`
    const child = spawn(real.path!, ['-host', '127.0.0.1', '-port', `${port}`], { stdio: 'ignore', env: { LOG_LEVEL: 'fatal' } })
    stop = () => {
      const exited = once(child, 'exit')
      child.kill()
      return exited
    }
    while (await fetch(`${origin}/version`).then(() => false, () => true)) await sleep(10)
  })
  afterAll(() => stop())
  apiCases(() => ({ origin, headers: {} }), ports)
})
