// The way in for a machine that has only Node 20+ with npm. Plain JavaScript without dependencies: it
// installs the locked dependencies when they are missing or stale, then hands over to Node 24 (which strips
// types) with the same arguments, signals and exit code.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const lockFile = join(root, 'package-lock.json')
const installedFile = join(root, 'node_modules', '.package-lock.json')
const broughtNode = join(root, 'node_modules', 'node', 'bin', 'node')
const installingFile = join(root, '.build', 'installing')
const oldestNode = 24
const exitBadInput = 3
const exitToolFailed = 4
const exitInterrupted = 130

/** True when every package that must be here is here in its locked version. npm writes down what it installed. */
function dependenciesAreFresh() {
  const wanted = packagesOf(lockFile)
  if (wanted === null) fail('RGT_BOOTSTRAP: package-lock.json cannot be read', `expected: ${lockFile}, as the project ships it`)
  const installed = packagesOf(installedFile)
  if (installed === null) return false
  return Object.entries(wanted).every(([path, { version, optional }]) =>
    path === '' || (optional && installed[path] === undefined) || installed[path]?.version === version)
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages ?? null
  } catch {
    return null
  }
}

function installDependencies() {
  claim()
  try {
    // Somebody else may have done it while this process waited.
    if (dependenciesAreFresh()) return
    process.stderr.write('regatta: installing the locked dependencies with npm (once) …\n')
    const { status, error } = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] })
    if (status === 0) return
    rmSync(installingFile, { force: true })
    fail('RGT_BOOTSTRAP: npm could not install the dependencies', ...(error === undefined ? [] : [`found: ${error.message}`]),
      'hint: see the messages of npm above; `npm ci` in the project folder repeats the step by hand')
  } finally {
    rmSync(installingFile, { force: true })
  }
}

/** One installer at a time. The file names its process: one that is gone has left its claim behind. */
function claim() {
  let told = false
  for (;;) {
    try {
      mkdirSync(dirname(installingFile), { recursive: true })
      writeFileSync(installingFile, String(process.pid), { flag: 'wx' })
      return
    } catch (error) {
      if (error.code !== 'EEXIST') fail('RGT_BOOTSTRAP: the project folder cannot be written', `found: ${error.message}`)
    }
    const holder = holderOf(installingFile)
    if (holder === 'gone') rmSync(installingFile, { force: true })
    else if (!told) process.stderr.write(`regatta: waiting for process ${holder}, which installs the dependencies …\n`)
    told ||= holder !== 'gone'
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  }
}

function holderOf(file) {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    // Not written yet: its owner is between two system calls.
    if (pid === 0) return 'that is starting'
    process.kill(pid, 0)
    return pid
  } catch (error) {
    return error.code === 'EPERM' ? 'of another user' : 'gone'
  }
}

function fail(...lines) {
  process.stderr.write(`${lines.join('\n  ')}\n`)
  process.exit(exitToolFailed)
}

/** The Node that runs TypeScript: this one when it is new enough, otherwise the one from node_modules. */
function modernNode() {
  if (Number(process.versions.node.split('.')[0]) >= oldestNode) return process.execPath
  if (existsSync(broughtNode)) return broughtNode
  return fail(`RGT_BOOTSTRAP: Node ${oldestNode} is missing`, `expected: ${broughtNode}, which the locked package \`node\` brings`,
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
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? exitInterrupted : exitToolFailed)))
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, ...args] = process.argv.slice(2)
  if (entry === undefined) {
    process.stderr.write('usage: node scripts/bootstrap.mjs ENTRY.ts [ARGUMENT …]\n')
    process.exit(exitBadInput)
  }
  handOver(entry, args)
}
