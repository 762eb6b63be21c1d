// Tries the way in on made-up projects, with an `npm` that only notes that it was called: when dependencies are
// installed, when not, and what happens when that fails.

import { spawn } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { projectRoot } from './environment.ts'

const folders: string[] = []
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })))

type Packages = Record<string, { version?: string; optional?: boolean }>
const locked: Packages = { '': {}, 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': { version: '2.0.0', optional: true } }

/** A project with the bootstrap, an entry that prints what it was given, and an npm that installs by copying the lock. */
function project(installed: Packages | string | null, npm = 'cp package-lock.json node_modules/.package-lock.json'): string {
  const root = mkdtempSync(join(tmpdir(), 'regatta-bootstrap-'))
  folders.push(root)
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), text)
  }
  mkdirSync(join(root, 'scripts'))
  copyFileSync(join(projectRoot, 'scripts', 'bootstrap.mjs'), join(root, 'scripts', 'bootstrap.mjs'))
  write('package-lock.json', JSON.stringify({ packages: locked }))
  if (installed !== null) write('node_modules/.package-lock.json', typeof installed === 'string' ? installed : JSON.stringify({ packages: installed }))
  write('entry.ts', `const words: string[] = process.argv.slice(2)
    console.log(words.join(' '))
    if (words[0] === 'exit') process.exitCode = Number(words[1])
    if (words[0] === 'die') process.kill(process.pid, 'SIGKILL')`)
  write('bin/npm', `#!/bin/sh\necho "$*" >> npm-was-called\nmkdir -p node_modules\n${npm}\n`)
  chmodSync(join(root, 'bin', 'npm'), 0o755)
  return root
}

interface Ended { code: number | null; out: string; err: string; installs: number }

function start(root: string, ...args: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [join(root, 'scripts', 'bootstrap.mjs'), ...args], {
    cwd: root, env: { ...process.env, PATH: `${join(root, 'bin')}${delimiter}${process.env.PATH}` }, stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => { out += chunk.toString() })
  child.stderr.on('data', (chunk: Buffer) => { err += chunk.toString() })
  return new Promise((resolve) => child.on('close', (code) => {
    const calls = join(root, 'npm-was-called')
    resolve({ code, out, err, installs: existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n').length : 0 })
  }))
}

describe('bootstrap', () => {
  it.each<[string, Packages | string | null, number]>([
    ['does nothing when all is here', locked, 0],
    ['does without an optional package of another platform', { 'node_modules/a': { version: '1.0.0' } }, 0],
    ['installs when nothing is here', null, 1],
    ['installs when a package is missing', {}, 1],
    ['installs when a version differs', { 'node_modules/a': { version: '0.9.0' } }, 1],
    ['installs when an optional package is here in another version', { ...locked, 'node_modules/b': { version: '1.0.0' } }, 1],
    ['installs when an installation was cut short', '{"packages": {"node_mod', 1],
  ])('%s', async (_, installed, installs) => {
    expect(await start(project(installed), 'entry.ts', 'hello', 'there')).toMatchObject({ code: 0, out: 'hello there\n', installs })
  })

  it('asks npm for exactly what is locked, and says so on standard error only', async () => {
    const root = project(null)
    const { err } = await start(root, 'entry.ts', 'hello')
    expect(readFileSync(join(root, 'npm-was-called'), 'utf8')).toMatch(/^ci /)
    expect(err).toContain('installing the locked dependencies')
  })

  it('ends with the exit code of what it started', async () => {
    expect(await start(project(locked), 'entry.ts', 'exit', '2')).toMatchObject({ code: 2 })
  })

  it('does not pass off a killed program as a good one', async () => {
    expect(await start(project(locked), 'entry.ts', 'die')).toMatchObject({ code: 4 })
  })

  it('says what to do when npm fails, starts nothing, and lets the next one try', async () => {
    const root = project(null, 'exit 1')
    const { code, out, err } = await start(root, 'entry.ts', 'hello')
    expect({ code, out }).toEqual({ code: 4, out: '' })
    expect(err).toMatch(/RGT_BOOTSTRAP.*\n.*hint: .*npm ci/s)
    expect(existsSync(join(root, '.build', 'installing'))).toBe(false)
  })

  it('installs once for two that start together', async () => {
    const root = project(null, 'sleep 0.4; cp package-lock.json node_modules/.package-lock.json')
    const both = await Promise.all([start(root, 'entry.ts', 'one'), start(root, 'entry.ts', 'two')])
    expect(both.map(({ code, out }) => [code, out])).toEqual([[0, 'one\n'], [0, 'two\n']])
    expect(readFileSync(join(root, 'npm-was-called'), 'utf8').trim().split('\n')).toHaveLength(1)
  })

  it('takes over from an installer that died', async () => {
    const root = project(null)
    mkdirSync(join(root, '.build'))
    // Larger than any process id that a kernel hands out.
    writeFileSync(join(root, '.build', 'installing'), '2147483646')
    expect(await start(root, 'entry.ts', 'hello')).toMatchObject({ code: 0, installs: 1 })
  })

  it('asks for an entry, with the exit code of bad input', async () => {
    expect(await start(project(locked))).toMatchObject({ code: 3, out: '' })
  })

  it('refuses a lock file that cannot be read', async () => {
    const root = project(locked)
    writeFileSync(join(root, 'package-lock.json'), '<<<<<<<')
    expect(await start(root, 'entry.ts')).toMatchObject({ code: 4, installs: 0 })
  })
})
