// Each thing that a start on clusters lacks is told before anything is made, by its own code.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { topologyError } from '../../errors.ts'
import { inotifyInstances } from './inotify.ts'
import { availableBytes, freeMemory, memoryNeeded } from './memory.ts'
import { preflight, type PreflightRequest } from './preflight.ts'

const gibibyte = 1024 ** 3

function request(change: Partial<PreflightRequest> & { images?: string[]; memoryBytes?: number } = {}): PreflightRequest & { pulled: string[] } {
  const { images = ['node:24-bookworm-slim'], memoryBytes = 64 * gibibyte, ...rest } = change
  const pulled: string[] = []
  return {
    pulled, clusters: 3, options: {}, progress() {}, available: async () => 64 * gibibyte, instances: async () => 128,
    docker: {
      info: async () => ({ version: '28.0.1', memoryBytes, cpus: 4 }),
      imageId: async (tag) => (images.includes(tag) || pulled.includes(tag) ? `sha256:${tag}` : null),
      async pullImage(tag) {
        pulled.push(tag)
        if (tag.startsWith('none/')) throw topologyError('RGT_IMAGE', 'no registry', { found: 'no such host' })
      },
    },
    ...rest,
  }
}

describe('preflight', () => {
  test('passes where all is there, and says how many clusters are made at once', async () => {
    const asked = request()
    expect(await preflight(asked)).toEqual({ docker: { version: '28.0.1', memoryBytes: 64 * gibibyte, cpus: 4 }, atOnce: 3 })
    expect(asked.pulled).toEqual([])
  })

  test('pulls what can be pulled, and only what will be used', async () => {
    const asked = request({ images: [], options: { nodeImage: 'node/image:1', baseImage: 'base:1' } })
    await preflight(asked)
    expect(asked.pulled).toEqual(['node/image:1', 'base:1'])
    const given = request({ images: [], clusters: 0, options: { nodeImage: 'node/image:1', gatewayImage: 'g:1', testbedImage: 't:1' } })
    await preflight(given)
    expect(given.pulled).toEqual([])
  })

  test.each([['nodeImage', 'REGATTA_KIND_NODE_IMAGE'], ['baseImage', 'REGATTA_GATEWAY_BASE_IMAGE']])('%s that is not to be had', async (option, variable) => {
    await expect(preflight(request({ options: { [option]: 'none/image:1' } }))).rejects.toMatchObject({
      code: 'RGT_IMAGE', message: expect.stringContaining('none/image:1') as string, details: { found: 'no such host', hint: expect.stringContaining(variable) as string },
    })
  })

  test('too little memory, here or in Docker, is told with what is needed and what there is; nothing is pulled before', async () => {
    const here = request({ images: [], available: async () => 2 * gibibyte })
    await expect(preflight(here)).rejects.toMatchObject({ code: 'RGT_MEMORY', details: { expected: expect.stringContaining('3124 MiB') as string, found: '2048 MiB available, Docker has 65536 MiB' } })
    expect(here.pulled).toEqual([])
    await expect(preflight(request({ memoryBytes: 2 * gibibyte }))).rejects.toMatchObject({ code: 'RGT_MEMORY' })
    await expect(preflight(request({ memoryBytes: 2 * gibibyte, clusters: 1 }))).resolves.toMatchObject({ atOnce: 1 })
  })

  test('too few inotify instances here are told with what raises them; a daemon elsewhere has its own', async () => {
    await expect(preflight(request({ clusters: 4 }))).resolves.toBeDefined()
    await expect(preflight(request({ clusters: 5 }))).rejects.toMatchObject({
      code: 'RGT_CLUSTER', details: { expected: '140: 28 a cluster', found: 'fs.inotify.max_user_instances = 128', hint: expect.stringContaining('sysctl') as string },
    })
    await expect(preflight(request({ clusters: 5, options: { dockerHost: 'ssh://build-machine' } }))).resolves.toBeDefined()
    await expect(preflight(request({ clusters: 5, instances: async () => null }))).resolves.toBeDefined()
    expect(await inotifyInstances('/nowhere')).toBe(null)
  })

  test('the memory of this machine says nothing about a daemon elsewhere', async () => {
    const elsewhere = { options: { dockerHost: 'ssh://build-machine' }, available: async () => 0 }
    await expect(preflight(request(elsewhere))).resolves.toBeDefined()
    await expect(preflight(request({ ...elsewhere, memoryBytes: gibibyte }))).rejects.toMatchObject({ code: 'RGT_MEMORY', details: { found: 'Docker has 1024 MiB' } })
  })

  test('a daemon that does not answer, and an abort, are passed on', async () => {
    const base = request()
    await expect(preflight({ ...base, docker: { ...base.docker, info: () => Promise.reject(topologyError('RGT_DOCKER', 'silent')) } })).rejects.toMatchObject({ code: 'RGT_DOCKER' })
    await expect(preflight(request({ signal: AbortSignal.abort(new Error('enough')) }))).rejects.toThrow('enough')
  })
})

describe('memory', () => {
  const folder = mkdtempSync(join(tmpdir(), 'regatta-memory-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('is read from the kernel, and unknown where it does not tell', async () => {
    writeFileSync(join(folder, 'meminfo'), 'MemTotal:       24684416 kB\nMemFree:         1000000 kB\nMemAvailable:    2000000 kB\n')
    writeFileSync(join(folder, 'other'), 'MemTotal: 1 kB\n')
    expect(await availableBytes(join(folder, 'meminfo'))).toBe(2_048_000_000)
    expect([await availableBytes(join(folder, 'other')), await availableBytes(join(folder, 'none'))]).toEqual([null, null])
  })

  test('grows with clusters, and the smaller of both counts', () => {
    expect(memoryNeeded(4) - memoryNeeded(3)).toBe(700 * 1024 ** 2)
    expect(freeMemory({ dockerTotalBytes: 5, availableBytes: 7 })).toBe(5)
    expect(freeMemory({ dockerTotalBytes: 5, availableBytes: 3 })).toBe(3)
    expect(freeMemory({ dockerTotalBytes: 5, availableBytes: null })).toBe(5)
  })
})
