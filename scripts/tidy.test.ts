// The style of the house as a test: which way imports run, which names and which sources of nondeterminism
// are banned, and that every error code is documented. What it refuses, it explains.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const rooms = ['gateway', 'topologies', 'scenarios', 'reports', 'scripts'] as const

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => rooms.some((room) => file.startsWith(`${room}/`)) && /\.(ts|mjs)$/.test(file) && !file.startsWith('scenarios/suites/'))

const sources = new Map(files.flatMap((file): [string, string][] => {
  try {
    return [[file, readFileSync(join(root, file), 'utf8')]]
  } catch {
    return []
  }
}))
const roomOf = (file: string): number => rooms.findIndex((room) => file.split(sep)[0] === room)
const isTest = (file: string): boolean => /\.(test|case)\.ts$/.test(file)

/** Source without comments and string contents, so that prose does not trip a ban on code. */
function code(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1').replace(/'(?:[^'\\\n]|\\.)*'/g, "''")
}

describe('tidy', () => {
  it('sees the whole house', () => {
    expect(files.length).toBeGreaterThan(50)
  })

  it('imports run one way: gateway ← topologies ← scenarios ← reports ← scripts', () => {
    const wrong = [...sources].flatMap(([file, text]) =>
      [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)]
        .map(([, target]) => relative(root, resolve(root, dirname(file), target)))
        .filter((target) => roomOf(target) > roomOf(file))
        .map((target) => `${file} imports ${target}`))
    expect(wrong).toEqual([])
  })

  it('no file or folder is called after nothing', () => {
    const banned = /(^|\/)(src|utils?|common|helpers?|misc|lib)(\/|\.ts$)/
    expect(files.filter((file) => banned.test(file))).toEqual([])
  })

  it('time, chance and the network enter through ports', () => {
    const banned: [RegExp, string][] = [
      [/\bDate\.now\b/, 'Clock.nowUs of gateway/ports.ts'],
      [/\bperformance\.now\b/, 'Clock.nowUs of gateway/ports.ts'],
      [/\bMath\.random\b/, 'Random.next of gateway/ports.ts'],
      [/\brandomUUID\b/, 'a seeded Random of gateway/ports.ts'],
      [/\bset(Timeout|Interval)\b/, 'Scheduler of gateway/ports.ts'],
      [/\bprocess\.hrtime\b/, 'Clock.nowNs of gateway/ports.ts'],
      [/(?<![.\w])fetch\(/, 'an adapter below topologies/substrates or topologies/tools'],
    ]
    const adapters = [/^gateway\/runtime\.ts$/, /^topologies\/substrates\/local\//, /^topologies\/tools\//, /^scripts\//, /^reports\/live/]
    const wrong = [...sources]
      .filter(([file]) => !isTest(file) && !adapters.some((pattern) => pattern.test(file)))
      .flatMap(([file, text]) => banned.filter(([pattern]) => pattern.test(code(text))).map(([, instead]) => `${file}: use ${instead}`))
    expect(wrong).toEqual([])
  })

  it('the environment is read in scripts only', () => {
    const allowed = (file: string): boolean => file.startsWith('scripts/') || isTest(file)
    const reads = [...sources].filter(([file, text]) => !allowed(file) && /process\.env\b(?!\.PATH\b)/.test(code(text))).map(([file]) => file)
    expect(reads).toEqual([])
  })

  it('every file says what it is', () => {
    const silent = [...sources].filter(([, text]) => !/^(#!.*\n)?(\/\/|\/\*\*)/.test(text)).map(([file]) => file)
    expect(silent).toEqual([])
  })

  it('every error code that is thrown is documented in the map of its room', () => {
    const maps = [...sources].filter(([file]) => /^[a-z]+\/errors\.ts$/.test(file)).map(([, text]) => text).join('\n')
    const bootstrapCodes = new Set(['RGT_BOOTSTRAP'])
    const unknown = [...sources].flatMap(([file, text]) =>
      [...text.matchAll(/'(RGT_[A-Z0-9_]+)/g)].map(([, used]) => used)
        .filter((used) => !bootstrapCodes.has(used) && !new RegExp(`^\\s+${used}:`, 'm').test(maps))
        .map((used) => `${file}: ${used}`))
    expect(unknown).toEqual([])
  })
})
