// Each product that is present, with the configuration that its driver renders: the product itself finds it valid,
// it serves, obeys a pin, and goes to the next region when the first one dies.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { edgeSnapshot, renderContext, routeTo } from '../../../gateway/drivers/drivers.case.ts'
import type { Driver, Rendering } from '../../../gateway/drivers/driver.ts'
import { drivers } from '../../../gateway/drivers/index.ts'
import { findTool } from '../../tools/index.ts'
import type { Inventory, StartRequest } from '../../substrate.ts'
import { bundlePrograms } from '../sockets/bundle.ts'
import { findProduct, untilReady, writeRendering } from './products.ts'

const scratch = mkdtempSync(join(tmpdir(), 'regatta-products-'))
const cleanup: (() => void)[] = [() => rmSync(scratch, { recursive: true, force: true })]
afterAll(() => { for (const undo of cleanup.reverse()) undo() })

const validate: Record<string, (rendering: Rendering) => string[]> = {
  envoy: ({ argv }) => ['--mode', 'validate', ...argv],
  haproxy: ({ argv }) => ['-c', ...argv],
  nginx: ({ argv }) => ['-t', ...argv],
}

const present = await Promise.all([drivers.envoy, drivers.haproxy, drivers.nginx].map(async (driver: Driver) => {
  const named = process.env[`REGATTA_TOOL_${driver.kind.toUpperCase()}`]
  const found = await findTool(driver.tool!, { allowInstall: false, ...(named === undefined ? {} : { explicit: { [driver.tool!]: named } }) })
  return { driver, found }
}))

for (const { driver, found } of present) {
  if (!('path' in found)) {
    describe.skip(`${driver.kind} (skipped: ${found.reason})`, () => { it('is not here', () => {}) })
    continue
  }
  describe(driver.kind, () => {
    for (const tuning of driver.tunings) {
      it(`finds its ${tuning} configuration valid`, () => {
        const stateDir = join(scratch, `${driver.kind}-${tuning}`)
        const routes = [routeTo('/'), routeTo('/catalog'), routeTo('/ledger', { residency: { allowed: [], reason: 'law' }, hostnames: ['*.example.com'] }),
          routeTo('/checkout', { residency: { allowed: ['eu-west'], reason: 'law' }, hostnames: [] })]
        const rendering = driver.render(edgeSnapshot({ routes }), renderContext(tuning, { stateDir }))
        writeRendering(rendering, stateDir)
        execFileSync(found.path, validate[driver.kind](rendering), { stdio: 'pipe', timeout: 15_000 })
      })
    }

    it('serves from the nearest region, obeys a pin, and goes on with the next region when the first dies', async () => {
      const [near, far] = await Promise.all([region('eu-west'), region('us-east')])
      const [ingress, admin] = await Promise.all([freePort(), freePort()])
      const stateDir = join(scratch, `${driver.kind}-live`)
      const snapshot = edgeSnapshot({ links: { 'eu-west': near.port, 'us-east': far.port } })
      const at = (port: number) => ({ host: '127.0.0.1', port })
      const context = renderContext('tuned', { stateDir, listen: { ingress: at(ingress), eastWest: null, admin: at(admin) } })
      const rendering = driver.render(snapshot, context)
      writeRendering(rendering, stateDir)
      const child = start(found.path, rendering)
      await untilReady(rendering.readiness, { name: driver.kind, exited: child.exited, stderr: child.stderr, timeoutMs: 15_000 })

      expect(await get(ingress)).toMatchObject({ status: 200, region: 'eu-west', seen: { 'x-regatta-hop': 'frankfurt' } })
      expect(await get(ingress, '/other')).toMatchObject({ status: 404 })
      const pin = { 'x-regatta-pin': 'us-east', 'x-regatta-token': context.token! }
      const pinned = await get(ingress, '/catalog/1', pin)
      expect(pinned).toMatchObject({ status: 200, region: 'us-east' })
      expect(pinned.seen).not.toHaveProperty('x-regatta-token')
      expect(await get(ingress, '/catalog/1', { ...pin, 'x-regatta-token': 'wrong' })).toMatchObject({ status: 200, region: 'eu-west' })

      near.close()
      // Tuned products resend what the dead region took; requests that no one saw fail in none of them.
      for (let count = 0; count < 20; count++) expect(await get(ingress)).toMatchObject({ status: 200, region: 'us-east' })
      far.close()
      child.end()
      await child.exited
    })
  })
}

describe('the reference', () => {
  it('serves the snapshot that its driver wrote, without any control plane', async () => {
    const near = await region('eu-west')
    const [ingress, admin, programs] = await Promise.all([freePort(), freePort(), bundlePrograms()])
    const stateDir = join(scratch, 'reference')
    const at = (port: number) => ({ host: '127.0.0.1', port })
    const rendering = drivers.reference.render(edgeSnapshot({ links: { 'eu-west': near.port } }),
      renderContext('tuned', { stateDir, listen: { ingress: at(ingress), eastWest: null, admin: at(admin) } }))
    writeRendering(rendering, stateDir)
    const child = start(process.execPath, { ...rendering, argv: [programs.gateway, ...rendering.argv] })
    await untilReady(rendering.readiness, { name: 'reference', exited: child.exited, stderr: child.stderr, timeoutMs: 15_000 })
    expect(await get(ingress)).toMatchObject({ status: 200, region: 'eu-west' })
    child.end()
    await child.exited
  })
})

describe('the product of a run', () => {
  const find = (gateway: string, explicit: Record<string, string> = {}) => {
    const inventory = { tools: {} } as Inventory
    const request = { options: { gateway }, tools: { allowEmbedded: true, allowInstall: false, explicit }, progress() {}, signal: new AbortController().signal }
    return findProduct(request as unknown as StartRequest, inventory)
  }

  it('is none for the reference gateway', async () => {
    expect(await find('reference')).toBeNull()
  })

  it('is refused when it is unknown, or its tool is not there: nothing stands in for it', async () => {
    await expect(find('envoi')).rejects.toMatchObject({ code: 'RGT_DRIVER_UNKNOWN' })
    await expect(find('haproxy', { haproxy: join(scratch, 'nowhere') })).rejects.toMatchObject({ code: expect.stringMatching(/^RGT_TOOL_/) })
  })
})

describe('waiting for a product', () => {
  it('ends with its last words when it ends first', async () => {
    const readiness = { address: { host: '127.0.0.1', port: await freePort() }, path: '/' }
    await expect(untilReady(readiness, { name: 'edge/x', exited: Promise.resolve(1), stderr: () => 'no such directive', timeoutMs: 5000 }))
      .rejects.toMatchObject({ code: 'RGT_PROCESS_EXIT', details: { found: 'no such directive' } })
  })
})

interface Region { port: number; close(): void }

async function region(name: string): Promise<Region> {
  const server = createServer((asked, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'x-echo-region': name })
    response.end(JSON.stringify(asked.headers))
  })
  const port = await listen(server)
  const close = (): void => { server.close(); server.closeAllConnections() }
  cleanup.push(close)
  return { port, close }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => { server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)) })
}

async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => { server.close(resolve) })
  return port
}

function start(command: string, { argv }: Rendering): { exited: Promise<number | null>; stderr(): string; end(): void } {
  const child: ChildProcess = spawn(command, argv, { stdio: ['pipe', 'ignore', 'pipe'] })
  let text = ''
  child.stderr!.on('data', (piece: Buffer) => { text += piece.toString() })
  const end = (): void => void child.kill('SIGKILL')
  cleanup.push(end)
  return { exited: new Promise((resolve) => { child.once('exit', resolve).once('error', () => resolve(null)) }), stderr: () => text.slice(-1000), end }
}

interface Answer { status: number; region: string; seen: IncomingHttpHeaders }

function get(port: number, path = '/catalog/1', headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, path, headers: { host: `shop.example.com:${port}`, ...headers }, timeout: 5000 }, (response) => {
      let body = ''
      response.on('data', (piece: Buffer) => { body += piece.toString() })
      response.on('end', () => resolve({
        status: response.statusCode ?? 0, region: String(response.headers['x-echo-region'] ?? ''), seen: body.startsWith('{') ? JSON.parse(body) : {},
      }))
    })
    asked.on('error', reject).on('timeout', () => asked.destroy(new Error('no answer in 5 s'))).end()
  })
}
