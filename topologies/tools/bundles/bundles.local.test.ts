// Tries the ways to a bundle against a module proxy of our own: fetched once, refused when its sum is wrong, found
// again without network, and remembered when it failed.

import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { bundles, defaultBundlePlaces, findBundle, type BundlePlaces } from './index.ts'
import { moduleSum, ways } from './module.ts'
import { readZip } from './zip.ts'

const cleanup: (() => void)[] = []
afterEach(() => cleanup.splice(0).forEach((clean) => clean()))

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'regatta-bundle-'))
  cleanup.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** A ZIP archive as the format has it: local entries, a directory, its end. */
function zip(files: Record<string, string>): Buffer {
  const bodies: Buffer[] = []
  const directory: Buffer[] = []
  let at = 0
  for (const [path, text] of Object.entries(files)) {
    const [name, content] = [Buffer.from(path), Buffer.from(text)]
    const method = content.length > 20 ? 8 : 0
    const packed = method === 8 ? deflateRawSync(content) : content
    const sizes = Buffer.alloc(12)
    sizes.writeUInt32LE(crc32(content), 0)
    sizes.writeUInt32LE(packed.length, 4)
    sizes.writeUInt32LE(content.length, 8)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(method, 8)
    sizes.copy(local, 14)
    local.writeUInt16LE(name.length, 26)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(method, 10)
    sizes.copy(entry, 16)
    entry.writeUInt16LE(name.length, 28)
    entry.writeUInt32LE(at, 42)
    bodies.push(local, name, packed)
    directory.push(entry, name)
    at += 30 + name.length + packed.length
  }
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Object.keys(files).length, 10)
  end.writeUInt32LE(at, 16)
  return Buffer.concat([...bodies, ...directory, end])
}

async function proxy(answer: (path: string) => Buffer | null): Promise<{ origin: string; asked: string[] }> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url!)
    const body = answer(request.url!)
    if (body === null) response.writeHead(404).end()
    else response.writeHead(200, { 'content-length': body.length }).end(body)
  })
  cleanup.push(() => { server.close(); server.closeAllConnections() })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

const places = (moduleOrigin: string | null, cacheDir = folder()): BundlePlaces => ({ ...defaultBundlePlaces(), cacheDir, path: '/nowhere', moduleOrigin, answerWithinMs: 2_000 })
const crd = (name: string): string => `apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: ${name}\n`
const { module, version, folder: inside } = bundles['mcs-api']
const prefix = `${module}@${version}`

describe('a bundle', () => {
  it('whose sum is wrong is refused by every way, and not asked for again soon', async () => {
    const archive = zip({ [`${prefix}/${inside}/a.yaml`]: crd('a') })
    const { origin, asked } = await proxy(() => archive)
    const where = places(origin)
    const found = await findBundle('mcs-api', { allowInstall: true }, { places: where })
    expect(found).toMatchObject({ reason: expect.stringMatching(/go is not in PATH.*checksum of sigs.k8s.io\/mcs-api is h1:.*refused/), error: { code: 'RGT_TOOL_MISSING' } })
    expect(await findBundle('mcs-api', { allowInstall: true }, { places: where })).toMatchObject({ reason: expect.stringContaining('not tried again yet') })
    expect(asked).toEqual([`/${module}/@v/${version}.zip`])
  })

  it('says what to set where there is neither Go nor a proxy', async () => {
    expect(await findBundle('mcs-api', { allowInstall: true }, { places: places(null) })).toMatchObject({ reason: expect.stringMatching(/go is not in PATH.*no module proxy is named: set GOPROXY/) })
  })

  it('comes from the proxy, of its own folder only', async () => {
    const files = {
      [`${prefix}/${inside}/a.yaml`]: crd('a'), [`${prefix}/${inside}/deeper/b.yaml`]: crd('b'), [`${prefix}/${inside}/kustomization.yaml`]: 'kind: Kustomization',
      [`${prefix}/go.mod`]: 'module x', [`${prefix}/elsewhere/c.yaml`]: crd('c'),
    }
    const archive = zip(files)
    const { origin } = await proxy(() => archive)
    const job = { ...places(origin), scratch: folder(), progress: () => {} }
    const texts = await ways[1].take({ ...bundles['mcs-api'], sum: moduleSum(readZip(archive)) }, job)
    expect([...texts]).toEqual([['a.yaml', crd('a')]])
  })

  it('is named by a file or a folder, and a wrong name is not passed over', async () => {
    const named = folder()
    writeFileSync(join(named, 'all.yaml'), `${crd('one')}---\n${crd('two')}---\nkind: Other\n`)
    const found = await findBundle('gateway-api', { allowInstall: false, explicit: { 'gateway-api': join(named, 'all.yaml') } })
    expect(found).toMatchObject({ origin: 'explicit', version: 'unknown', manifests: [{ metadata: { name: 'one' } }, { metadata: { name: 'two' } }] })
    expect(await findBundle('gateway-api', { allowInstall: false, explicit: { 'gateway-api': named } })).toMatchObject({ origin: 'explicit' })
    for (const wrong of [join(named, 'gone.yaml'), folder()]) {
      expect(await findBundle('gateway-api', { allowInstall: true, explicit: { 'gateway-api': wrong } })).toMatchObject({ reason: expect.stringContaining('explicit: ') })
    }
  })

  it('is taken from the cache without asking anybody', async () => {
    const where = places('http://127.0.0.1:1')
    mkdirSync(join(where.cacheDir, 'k6-operator', bundles['k6-operator'].version), { recursive: true })
    writeFileSync(join(where.cacheDir, 'k6-operator', bundles['k6-operator'].version, 'manifests.json'), '[{"kind":"CustomResourceDefinition","metadata":{"name":"x"}}]')
    expect(await findBundle('k6-operator', { allowInstall: false }, { places: where })).toMatchObject({ origin: 'cache', version: bundles['k6-operator'].version })
    expect(await findBundle('mcs-api', { allowInstall: false }, { places: where })).toMatchObject({ reason: 'cache: not there; installing is switched off' })
  })
})

describe('an archive', () => {
  it('gives back what was put in, packed or not', () => {
    const files = { 'm@v/short': 'a', 'm@v/long': 'b'.repeat(5_000), 'm@v/folder/': '' }
    expect(Object.fromEntries([...readZip(zip(files))].map(([name, content]) => [name, content.toString()]))).toEqual({ 'm@v/short': 'a', 'm@v/long': 'b'.repeat(5_000) })
  })

  it('that is none is refused', () => {
    for (const broken of [Buffer.alloc(0), Buffer.from('<html>'), zip({ a: 'b' }).subarray(4)]) expect(() => readZip(broken)).toThrow()
  })

  it('has the sum that Go gives it', () => {
    // h1 of one file `m@v/a` with the text "b": printf 'SHA256(b)  m@v/a\n' | sha256sum, in base64.
    expect(moduleSum(new Map([['m@v/a', Buffer.from('b')]]))).toBe('h1:UlU5WeUILJZUaMxODECi+3h2JNN8fzh7EM64R2dYM68=')
  })
})
