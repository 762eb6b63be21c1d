// Bundles of a small project of the same shape: made again when a source changes, once for many builders, kept
// while somebody uses them, and a coded error when a source is broken.

import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bundlePrograms } from './bundle.ts'
import { cleanUp, runProgram, scratch } from './child.case.ts'

afterAll(cleanUp)

const entries = [
  'gateway/dataplane/main.ts', 'gateway/controlplane/main.ts', 'topologies/substrates/sockets/services/main.ts',
  'topologies/substrates/sockets/generator/main.ts', 'topologies/substrates/sockets/faultproxy/embedded/main.ts',
  'gateway/telemetry/export/worker.ts', 'topologies/substrates/sockets/collector/main.ts',
]

function project(): { root: string; write(file: string, source: string): void } {
  const root = scratch()
  const write = (file: string, source: string): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), source)
  }
  write('package-lock.json', '{}')
  write('gateway/word.ts', `export const word: string = 'one'`)
  for (const file of entries) {
    const up = '../'.repeat(file.split('/').length - 1)
    write(file, `import { basename } from 'node:path'\nimport { word } from '${up}gateway/word.ts'\nconsole.log(basename('/a/' + word))\n`)
  }
  return { root, write }
}

const output = (program: string): string => execFileSync(process.execPath, [program], { encoding: 'utf8' }).trim()
const folders = (root: string): string[] => readdirSync(join(root, '.build'))

test('makes programs that run, and makes them again only when a source changed', async () => {
  const { root, write } = project()
  const first = await bundlePrograms(root)
  expect(Object.values(first).map(output)).toEqual(entries.map(() => 'one'))
  const made = statSync(first.gateway).mtimeMs
  expect(await bundlePrograms(root)).toEqual(first)
  expect(statSync(first.gateway).mtimeMs).toBe(made)
  write('gateway/word.test.ts', 'this is no source of a program')
  expect(await bundlePrograms(root)).toEqual(first)
  write('gateway/word.ts', `export const word: string = 'other'`)
  const second = await bundlePrograms(root)
  expect(second.gateway).not.toBe(first.gateway)
  expect(output(second.gateway)).toBe('other')
  expect(output(first.gateway)).toBe('one')
})

test('several builders at once, in one process and in another, agree on one bundle and leave no scratch', async () => {
  const { root } = project()
  const [mine, other, { said }] = await Promise.all([
    bundlePrograms(root), bundlePrograms(root),
    runProgram((local) => `
      import { bundlePrograms } from ${local('bundle.ts')}
      console.log(JSON.stringify(await bundlePrograms(${JSON.stringify(root)})))
    `),
  ])
  expect(other).toEqual(mine)
  expect(said).toEqual(mine)
  expect(output(mine.services)).toBe('one')
  expect(folders(root).length).toBe(1)
})

test('removes old bundles, but none that is in use', async () => {
  const { root, write } = project()
  const used = dirname((await bundlePrograms(root)).gateway)
  let last = ''
  for (const word of ['b', 'cc', 'ddd', 'eeee']) {
    write('gateway/word.ts', `export const word: string = '${word}'`)
    last = dirname((await bundlePrograms(root, [used])).gateway)
  }
  expect(existsSync(used)).toBe(true)
  expect(existsSync(last)).toBe(true)
  expect(folders(root).length).toBe(4)
})

test('a broken source is an error that names it, leaves nothing, and is forgotten when it is mended', async () => {
  const { root, write } = project()
  write('gateway/word.ts', 'export const word = = 1')
  await expect(bundlePrograms(root)).rejects.toMatchObject({
    code: 'RGT_SUBSTRATE_START', details: { found: expect.stringContaining('gateway/word.ts') as string },
  })
  expect(existsSync(join(root, '.build')) ? folders(root) : []).toEqual([])
  write('gateway/word.ts', `export const word: string = 'mended'`)
  expect(output((await bundlePrograms(root)).gateway)).toBe('mended')
})
