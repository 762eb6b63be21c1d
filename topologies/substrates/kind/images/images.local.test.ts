// What images are made of and when: by content, once, from a base that is fit, with Toxiproxy only where it runs.

import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { topologyError } from '../../../errors.ts'
import type { Program } from '../../sockets/bundle.ts'
import { readContext, tagOf, writeContext } from './context.ts'
import { runImages, type RunImagesRequest } from './images.ts'
import { pruneImages } from './prune.ts'

const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })))

function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'regatta-images-'))
  folders.push(folder)
  return folder
}

/** Bundles as they come with shared chunks. */
function bundles(): { folder: string; programs: Record<Program, string>; toxiproxy: string } {
  const folder = scratch()
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  write('chunk-A.mjs', 'import { b } from "./chunk-B.mjs";\nexport const a = 1')
  write('chunk-B.mjs', 'export const b = 1')
  write('chunk-C.mjs', 'export const c = 1')
  write('chunk-D.mjs', 'export const d = 1')
  const toxiproxy = write('toxiproxy-server', 'binary')
  chmodSync(toxiproxy, 0o700)
  return {
    folder, toxiproxy,
    programs: {
      gateway: write('gateway.mjs', 'import {\n  a\n} from "./chunk-A.mjs";\nconst text = "./nothing.mjs"'),
      'control-plane': write('control-plane.mjs', 'const c = await import("./chunk-C.mjs")\nimport "./gone.mjs"'),
      services: write('services.mjs', 'import "./chunk-D.mjs"'), 'fault-proxy': write('fault-proxy.mjs', '1'), generator: write('generator.mjs', '1'),
      'span-exporter': write('span-exporter.mjs', '1'), collector: write('collector.mjs', '1'),
    },
  }
}

describe('a context', () => {
  test('holds programs and all that they import, and no more', async () => {
    const { programs, folder } = bundles()
    writeFileSync(join(folder, 'Dockerfile'), 'FROM x')
    const context = await readContext(join(folder, 'Dockerfile'), [programs.gateway, programs['control-plane']])
    expect([...context.files.keys()].sort()).toEqual(['chunk-A.mjs', 'chunk-B.mjs', 'chunk-C.mjs', 'control-plane.mjs', 'gateway.mjs'])
  })

  test('has a tag that changes with whatever it is made of, and with nothing else', () => {
    const file = (text: string, mode = 0o644): { content: Uint8Array; mode: number } => ({ content: Buffer.from(text), mode })
    const context = { dockerfile: 'FROM x', files: new Map([['a', file('1')], ['b', file('2')]]) }
    const tag = tagOf('gateway', 'base', context)
    expect(tag).toMatch(/^regatta\/gateway:[0-9a-f]{12}$/)
    expect(tagOf('gateway', 'base', { ...context, files: new Map([['b', file('2')], ['a', file('1')]]) })).toBe(tag)
    const others = [
      tagOf('gateway', 'other', context), tagOf('gateway', 'base', { ...context, dockerfile: 'FROM y' }),
      tagOf('gateway', 'base', { ...context, files: new Map([['a', file('1')]]) }), tagOf('gateway', 'base', { ...context, files: new Map([['a', file('2')], ['b', file('2')]]) }),
      tagOf('gateway', 'base', { ...context, files: new Map([['a', file('1', 0o755)], ['b', file('2')]]) }), tagOf('gateway', 'base', { ...context, files: new Map([['a', file('12')], ['b', file('')]]) }),
    ]
    expect(new Set([tag, ...others]).size).toBe(others.length + 1)
  })

  test('is laid out readable by another user, whatever the umask', async () => {
    const folder = join(scratch(), 'context')
    const before = process.umask(0o077)
    try {
      await writeContext(folder, { dockerfile: 'FROM x', files: new Map([['a.mjs', { content: Buffer.from('1'), mode: 0o644 }], ['b', { content: Buffer.from('2'), mode: 0o755 }]]) })
    } finally {
      process.umask(before)
    }
    expect(['a.mjs', 'b'].map((name) => (statSync(join(folder, 'programs', name)).mode & 0o777).toString(8))).toEqual(['644', '755'])
  })
})

interface Daemon { docker: RunImagesRequest['docker']; images: Set<string>; built: { tag: string; files: string[]; base: string }[]; tried: string[] }

/** A daemon with a base image. */
function daemon({ node = 'v24.1.0\n', runs = true, base = true } = {}): Daemon {
  const images = new Set<string>(base ? ['node:24-bookworm-slim'] : [])
  const built: Daemon['built'] = []
  const tried: string[] = []
  return {
    images, built, tried,
    docker: {
      imageId: async (tag) => (images.has(tag) ? `id of ${tag}` : null),
      imageExists: async (tag) => images.has(tag),
      pullImage: () => Promise.reject(topologyError('RGT_IMAGE', 'no registry', { found: 'no such host' })),
      images: async () => [],
      removeImage: async (tag) => void images.delete(tag),
      async buildImage({ tag, folder, arguments: { BASE }, labels }) {
        built.push({ tag, files: readdirSync(join(folder, 'programs')).sort(), base: BASE })
        expect(labels['regatta.dev/image']).toBe(tag.slice('regatta/'.length).split(':')[0])
        expect(existsSync(join(folder, 'Dockerfile'))).toBe(true)
        images.add(tag)
      },
      async tryProgram(_, [program]) {
        tried.push(program)
        if (program === 'node') return node
        if (runs) return 'toxiproxy-server version git'
        throw topologyError('RGT_IMAGE', 'it did not run', { found: 'exec format error' })
      },
    },
  }
}

const request = (one: Daemon, made: ReturnType<typeof bundles>, change: Partial<RunImagesRequest> = {}): RunImagesRequest => ({
  docker: one.docker, programs: made.programs, toxiproxy: { path: made.toxiproxy, version: '2.12.0', origin: 'cache' }, toxiproxyReason: '', workDir: join(made.folder, 'work'), progress() {}, ...change,
})

describe('images of a run', () => {
  test('are built once: the gateway with nothing of the testbed', async () => {
    const [one, made] = [daemon(), bundles()]
    const first = await runImages(request(one, made))
    expect(first).toMatchObject({ realToxiproxy: true, toxiproxy: { version: '2.12.0', origin: 'cache' }, built: [first.gateway, first.testbed] })
    expect(one.built).toEqual([
      { tag: first.gateway, base: 'node:24-bookworm-slim', files: ['chunk-A.mjs', 'chunk-B.mjs', 'chunk-C.mjs', 'control-plane.mjs', 'gateway.mjs', 'span-exporter.mjs'] },
      { tag: first.testbed, base: 'node:24-bookworm-slim', files: ['chunk-D.mjs', 'fault-proxy.mjs', 'generator.mjs', 'services.mjs', 'toxiproxy-server'] },
    ])
    mkdirSync(join(made.folder, 'work', 'images'), { recursive: true })
    expect(readdirSync(join(made.folder, 'work', 'images'))).toEqual([])
    const tries = one.tried.length
    expect(await runImages(request(one, made))).toEqual({ ...first, built: [] })
    expect([one.built.length, one.tried.length]).toEqual([2, tries])
    writeFileSync(join(made.folder, 'chunk-B.mjs'), 'export const b = 2')
    const changed = await runImages(request(one, made))
    expect([changed.built, changed.testbed]).toEqual([[changed.gateway], first.testbed])
  })

  test('do without a Toxiproxy that does not run there, or is not there, and say why', async () => {
    const made = bundles()
    const other = await runImages(request(daemon({ runs: false }), made))
    expect(other).toMatchObject({ realToxiproxy: false, toxiproxy: { origin: 'embedded', reason: expect.stringContaining('exec format error') as string } })
    const none = await runImages(request(daemon(), made, { toxiproxy: null, toxiproxyReason: 'nowhere' }))
    expect(none).toMatchObject({ realToxiproxy: false, toxiproxy: { origin: 'embedded', reason: 'nowhere' }, testbed: other.testbed })
  })

  test.each<[string, Parameters<typeof daemon>[0], string]>([
    ['a base that is not to be had', { base: false }, 'no such host'],
    ['a base with an older Node', { node: 'v22.11.0\n' }, 'v22.11.0'],
    ['a base with something else called node', { node: '\n' }, 'no version'],
  ])('%s: a coded error, and nothing is built', async (_, what, found) => {
    const one = daemon(what)
    await expect(runImages(request(one, bundles()))).rejects.toMatchObject({ code: 'RGT_IMAGE', details: { found, hint: expect.stringContaining('REGATTA_GATEWAY_BASE_IMAGE') as string } })
    expect(one.built).toEqual([])
  })
})

test('of old images the two newest of each kind stay, those in use, and what no daemon gives up', async () => {
  const labels = (name: string): Record<string, string> => ({ 'regatta.dev/image': name })
  const images = ['g5', 't3', 'g4', 'g3', 'g2', 'g1', 't2', 't1'].map((tag) => ({ tag, labels: labels(tag[0]) }))
  const removed = await pruneImages({
    images: async () => images,
    removeImage: (tag) => (tag === 'g1' ? Promise.reject(new Error('in use')) : Promise.resolve()),
  }, ['g2'])
  expect(removed).toEqual(['g3', 't1'])
})
