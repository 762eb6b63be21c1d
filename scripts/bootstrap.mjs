// The way in for a machine that has only Node 20+ with npm. Plain JavaScript without dependencies: it
// installs the locked dependencies when they are missing or stale, then hands over to Node 24 (which strips
// types) with the same arguments, signals and exit code.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lockFile = join(root, 'package-lock.json')
const installedFile = join(root, 'node_modules', '.package-lock.json')
const broughtNode = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
const exitBadInput = 3
const exitToolFailed = 4

/** True when every package that must be here is here in its locked version. */
function dependenciesAreFresh() {
  if (!existsSync(installedFile)) return false
  const wanted = JSON.parse(readFileSync(lockFile, 'utf8')).packages
  const installed = JSON.parse(readFileSync(installedFile, 'utf8')).packages
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || (entry.optional && installed[path] === undefined)) continue
    if (installed[path]?.version !== entry.version) return false
  }
  return true
}

function installDependencies() {
  const lock = join(root, '.installing')
  claim(lock)
  try {
    if (dependenciesAreFresh()) return
    process.stderr.write('regatta: installing the locked dependencies with npm (once) …\n')
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
    const result = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root, stdio: ['ignore', 2, 2],
    })
    if (result.status !== 0) {
      fail('RGT_BOOTSTRAP: npm could not install the dependencies',
        'hint: see the messages of npm above; `npm ci` in the project folder repeats the step by hand')
    }
  } finally {
    rmSync(lock, { recursive: true, force: true })
  }
}

/** One installer at a time; a lock older than ten minutes has lost its owner. */
function claim(lock) {
  const wait = new Int32Array(new SharedArrayBuffer(4))
  for (;;) {
    try {
      return mkdirSync(lock)
    } catch {
      if (!existsSync(lock)) fail('RGT_BOOTSTRAP: the project folder cannot be written', `found: ${root} is read-only for this user`)
      if (Date.now() - statSync(lock).mtimeMs > 600_000) rmSync(lock, { recursive: true, force: true })
      Atomics.wait(wait, 0, 0, 250)
    }
  }
}

function fail(...lines) {
  process.stderr.write(`${lines.join('\n  ')}\n`)
  process.exit(exitToolFailed)
}

/** The Node that runs TypeScript: this one when it is new enough, otherwise the one from node_modules. */
export function modernNode() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  if (existsSync(broughtNode)) return broughtNode
  return fail('RGT_BOOTSTRAP: Node 24 is missing', `expected: ${broughtNode}, which the locked package \`node\` brings`,
    'hint: npm may have been told to skip install scripts (ignore-scripts); run `npm rebuild node`')
}

/** Run a TypeScript file of the project and end with its exit code. */
export function handOver(entry, args) {
  if (!dependenciesAreFresh()) installDependencies()
  const child = spawn(modernNode(), ['--disable-warning=ExperimentalWarning', join(root, entry), ...args], { stdio: 'inherit' })
  // The terminal sends Ctrl-C to the whole group: the child decides, this process waits for it.
  process.on('SIGINT', () => {})
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => fail(`RGT_BOOTSTRAP: ${error.message}`))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : exitToolFailed)))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, ...args] = process.argv.slice(2)
  if (entry === undefined) {
    process.stderr.write('usage: node scripts/bootstrap.mjs ENTRY.ts [ARGUMENT …]\n')
    process.exit(exitBadInput)
  }
  handOver(entry, args)
}
