// What goes wrong with a mesh, for real: the start fails with a code and says what, where and what to do, and of processes,
// folders and claims nothing is left.

import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test, type TestContext } from 'vitest'
import { gatewayConfig } from '../../gateway-config.ts'
import { loadTopology } from '../../load.ts'
import { stranger } from '../../meshes/stranger.ts'
import { readMeshUse, withMesh } from '../../meshes/use.ts'
import { findTool } from '../../tools/index.ts'
import { cleanUp, scratch } from '../sockets/child.case.ts'
import { claims } from '../sockets/ownership.ts'
import { localSubstrate } from './local.ts'

const topology = withMesh(await loadTopology('two-regions'), readMeshUse('consul'))
const [consul, envoy] = await Promise.all(['consul', 'envoy'].map((name) => findTool(name, { allowInstall: false })))
/** Long enough for everything that is well, on a loaded machine, too; what is not well takes all of it. */
const meshTimeoutMs = 15_000
const patienceMs = 120_000
const victim = 'catalog-shop-8080-0'
const victimFile = `envoy.eu-west.${victim}-sidecar-proxy.json`

afterAll(cleanUp)

/** Starts with these tools; gives what it was refused with, once nothing is left of it. */
async function refusal(explicit: Record<string, string>): Promise<unknown> {
  const runDir = scratch()
  const error: unknown = await localSubstrate.start({
    topology, config: await gatewayConfig(topology), seed: 1, runDir, signal: new AbortController().signal, progress() {},
    tools: { allowEmbedded: true, allowInstall: false, explicit }, history: { event() {}, request() {}, attempt() {} },
    options: { gateway: 'reference', collectGarbageEveryMs: 0, meshTimeoutMs },
  }).then(async (deployment) => {
    await deployment[Symbol.asyncDispose]()
    return 'it started'
  }, (reason: unknown) => reason)
  expect(readdirSync(runDir)).toEqual([])
  expect(claims().filter(({ owner }) => owner.pid === process.pid)).toEqual([])
  await expect.poll(() => processesOf(runDir)).toEqual([])
  return error
}

/** Command lines that name the folder. */
function processesOf(folder: string): string[] {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return line.includes(folder) ? [line] : []
    } catch {
      return []
    }
  })
}

/** An executable of that name and shell script. */
function program(name: string, script: string): string {
  const folder = scratch()
  mkdirSync(folder, { recursive: true })
  const file = join(folder, name)
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

/** The real tools' paths; the test is skipped where they are not. */
function real(context: TestContext): { consul: string; envoy: string } {
  if (!('path' in consul) || !('path' in envoy)) context.skip('there is no Consul or no Envoy here')
  return { consul: (consul as { path: string }).path, envoy: (envoy as { path: string }).path }
}

/** An Envoy that does something else for the victim's sidecar, whose bootstrap is then "$2". */
const envoyBut = (path: string, script: string): string => program('envoy', `case "$*" in *${victimFile}*) ${script} ;; esac\nexec ${path} "$@"`)

test.each(['consul', 'envoy'])('a mesh without %s', async (name) => {
  expect(await refusal({ consul: program('consul', 'echo Consul v1.19.2'), envoy: program('envoy', 'echo "version: abc/1.40.0/x"'), [name]: '/nowhere/at/all' })).toMatchObject({
    code: 'RGT_TOOL_MISSING', message: `${name} is missing`,
    details: { expected: expect.stringContaining(`${name} 1.`), found: expect.stringContaining('/nowhere/at/all'), hint: expect.stringContaining('mend the path') },
  })
})

test.each([
  ['consul', 'echo Consul v1.16.3', '1.16.3', 'consul 1.17.0 or newer'],
  ['envoy', 'echo "envoy  version: 0123abc/1.20.1/Clean/RELEASE/BoringSSL"', '1.20.1', 'envoy 1.30.0 or newer'],
])('too old: %s', async (name, script, found, expected) => {
  expect(await refusal({ consul: program('consul', 'echo Consul v1.19.2'), envoy: program('envoy', 'echo "version: abc/1.40.0/x"'), [name]: program(name, script) })).toMatchObject({
    code: 'RGT_TOOL_VERSION', message: `${name} is too old`, details: { expected, found: expect.stringContaining(`is version ${found}`) },
  })
})

test('a Consul server that ends at start is told at once, with its last words', { timeout: patienceMs }, async (context) => {
  const tools = real(context)
  const dying = program('consul', `[ "$1" = agent ] && { echo "==> no space left" >&2; exit 7; }\nexec ${tools.consul} "$@"`)
  expect(await refusal({ ...tools, consul: dying })).toMatchObject({
    code: 'RGT_MESH', message: expect.stringMatching(/^(eu-west|us-east): the Consul server did not become ready$/), details: { found: 'ended with exit code 7: ==> no space left' },
  })
})

test('an Envoy that ends at start is told at once, with its last words', { timeout: patienceMs }, async (context) => {
  const tools = real(context)
  expect(await refusal({ ...tools, envoy: envoyBut(tools.envoy, 'echo "cannot bind" >&2; exit 3') })).toMatchObject({
    code: 'RGT_MESH', message: `eu-west: the sidecar of ${victim} did not become ready`, details: { found: 'ended with exit code 3: cannot bind' },
  })
})

test('a sidecar that never gets its configuration is named, and not whoever does not reach it', { timeout: patienceMs }, async (context) => {
  const tools = real(context)
  const stranded = envoyBut(tools.envoy, `other="$2.other"; sed 's/${victim}/nobody/g' "$2" > "$other"; shift 2; set -- -c "$other" "$@"`)
  expect(await refusal({ ...tools, envoy: stranded })).toMatchObject({
    code: 'RGT_MESH', message: `eu-west: the sidecar of ${victim} did not become ready`,
    details: { expected: `LIVE, within ${meshTimeoutMs / 1000} s`, found: expect.stringMatching(/^its Envoy says PRE_INITIALIZING; its log: \[/) },
  })
})

test('a sidecar with a certificate of another trust domain is named, with both domains', { timeout: patienceMs }, async (context) => {
  const tools = real(context)
  const folder = scratch()
  const { certificate, key } = await stranger(`spiffe://elsewhere.consul/ns/default/dc/eu-west/svc/catalog`)
  writeFileSync(join(folder, 'stand-in.mjs'), `
    import { readFileSync } from 'node:fs'
    import { createServer } from 'node:http'
    import { dirname } from 'node:path'
    import { createServer as createTlsServer } from 'node:tls'
    const file = process.argv[2]
    const { admin: { address: { socket_address: admin } } } = JSON.parse(readFileSync(file, 'utf8'))
    const { ports } = JSON.parse(readFileSync(dirname(file) + '/consul.eu-west.json', 'utf8'))
    const { Port } = await (await fetch('http://127.0.0.1:' + ports.http + '/v1/agent/service/${victim}-sidecar-proxy')).json()
    createTlsServer(${JSON.stringify({ cert: certificate, key })}).on('tlsClientError', () => {}).listen(Port, '127.0.0.1', () => {
      createServer((request, response) => response.end('LIVE\\n')).listen(admin.port_value, admin.address)
    })`)
  const error = await refusal({ ...tools, envoy: envoyBut(tools.envoy, `exec ${process.execPath} ${join(folder, 'stand-in.mjs')} "$2"`) })
  expect(error).toMatchObject({
    code: 'RGT_MESH_TRUST', message: `the sidecar ${victim} in eu-west is of another trust domain`,
    details: { expected: expect.stringMatching(/^a certificate of [0-9a-f-]{36}\.consul, signed/), found: expect.stringContaining('spiffe://elsewhere.consul/') },
  })
})
