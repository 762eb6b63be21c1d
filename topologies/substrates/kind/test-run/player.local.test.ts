// A load shared by two real k6, started as k6-operator starts them, behind an API server in memory: one row for each
// arrival of the plan, whoever played it, and errors for what goes wrong on the way. Needs k6 on PATH or in .tools/.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { request as httpRequest } from 'undici'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../../gateway/runtime.ts'
import { arrivalsOf } from '../../../arrivals.ts'
import type { RequestRow } from '../../../history.ts'
import type { LoadSpec, StreamSpec } from '../../../substrate.ts'
import { findTool } from '../../../tools/index.ts'
import type { GroupEntries } from '../../sockets/generator/bootstrap.ts'
import { claimRun } from '../../sockets/ownership.ts'
import { reservePorts } from '../../sockets/ports.ts'
import { memoryApi, type MemoryApi, type PlainObject } from '../api/memory.case.ts'
import { podLabels, testRunCrd } from './manifests.ts'
import { openTestRun, type TestRunParts } from './player.ts'

const found = await findTool('k6', { allowInstall: false })
const binary = 'path' in found ? found.path : null
const cleanup: (() => void)[] = []
afterEach(() => cleanup.splice(0).reverse().forEach((clean) => clean()))

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'regatta-test-run-'))
  cleanup.push(() => rmSync(path, { recursive: true, force: true }))
  return path
}

async function echo(): Promise<{ port: number; seen: string[] }> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(String(request.headers['x-request-id']))
    response.writeHead(200, { 'x-regatta-region': 'eu-west' }).end('hello')
  })
  cleanup.push(() => { server.close(); server.closeAllConnections() })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, seen }
}

const template = { name: 'cart', weight: 1, method: 'GET', host: 'shop.example', path: '/cart', headers: {}, bodyBytes: 0 }
const stream = (over: Partial<StreamSpec> = {}): StreamSpec => ({
  group: 'europe', entry: null, ratePerSecond: 50, arrivals: 'constant', seed: 7, phaseUs: 0, timeoutMs: 2000, templates: [template], pinned: null, ...over,
})
const library = JSON.stringify(join(import.meta.dirname, '..', '..', '..', '..', 'scenarios', 'suites', 'lib', 'regatta.ts'))
const rendered = `import { iterate, loadFromEnvironment, optionsFor, scenariosOf, waitForExactStart } from ${library}
const load = loadFromEnvironment()
export const options = optionsFor(scenariosOf(load))
export const setup = waitForExactStart
export default function () { iterate(load) }
`

function load(text: string, streams: StreamSpec[] = [stream()]): LoadSpec {
  const suite = join(folder(), 'suite.ts')
  writeFileSync(suite, text)
  return { name: 'load', source: 'load', engine: 'k6', fromUs: 300_000, toUs: 1_500_000, streams, suite }
}

/** A cluster that has the CRD, and an operator that makes real k6 of a TestRun. */
async function operated({ clockAheadMs = 0 } = {}): Promise<MemoryApi> {
  const api = memoryApi()
  api.put({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: testRunCrd.name } })
  const ports = new Map<string, number>()
  const claim = claimRun(`k6-${process.pid}-${cleanup.length}`)
  cleanup.push(() => claim.release())
  // k6 goes on without its API where the port was taken meanwhile, by an outgoing connection for one.
  const reserved = await reservePorts(claim, 4)
  api.react((object) => {
    if (object.kind === 'TestRun') void start(object)
  })
  const start = async (testRun: PlainObject): Promise<void> => {
    const { namespace, name } = testRun.metadata as { namespace: string; name: string }
    const parallelism = Number(testRun.spec.parallelism)
    const names = Array.from({ length: parallelism }, (_, at) => `${name}-${at + 1}-x`)
    api.setPods(names.map((pod) => ({ namespace, name: pod, node: 'n', ready: true, address: '127.0.0.1', containerId: pod, labels: podLabels(name) })))
    const text = String(api.objects.get(`v1/ConfigMap/${namespace}/${name}`)!.data['suite.js'])
    const token = Buffer.from(String(api.objects.get(`v1/Secret/${namespace}/${name}`)!.data.token), 'base64').toString()
    const suite = join(folder(), 'suite.js')
    // A clock that is wrong, as another machine's may be; k6 reads it in two places.
    writeFileSync(suite, `Date.now = ((now) => () => now.call(Date) + ${clockAheadMs})(Date.now)
${text.replaceAll('exec.scenario.startTime', `(exec.scenario.startTime + ${clockAheadMs})`)}`)
    for (const [at, pod] of names.entries()) {
      const port = reserved.next()
      ports.set(pod, port)
      const status = (exitCode: number | null): void => api.put({
        apiVersion: 'v1', kind: 'Pod', metadata: { namespace, name: pod },
        status: { containerStatuses: [{ state: exitCode === null ? { running: {} } : { terminated: { exitCode } } }] },
      } as PlainObject)
      status(null)
      const sequence = Array.from({ length: parallelism + 1 }, (_, i) => (i === 0 ? '0' : i === parallelism ? '1' : `${i}/${parallelism}`))
      const env = Object.fromEntries((testRun.spec.runner.env as { name: string; value?: string }[])
        .map(({ name: variable, value }) => [variable, value ?? token]))
      const child: ChildProcess = spawn(binary!, [
        'run', '--quiet', `--execution-segment=${sequence[at]}:${sequence[at + 1]}`, `--execution-segment-sequence=${sequence.join(',')}`, suite, `--address=127.0.0.1:${port}`,
      ], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env, REGATTA_MAILBOX: env.REGATTA_MAILBOX.replace('6565', String(port)) } })
      cleanup.push(() => child.kill('SIGKILL'))
      const lines = [child.stdout!, child.stderr!].map((output) => {
        const reader = createInterface(output).on('line', (line) => api.say({ namespace, name: pod }, line))
        return new Promise((resolve) => reader.on('close', resolve))
      })
      child.on('close', (code) => void Promise.all(lines).then(() => status(code ?? 137)))
    }
  }
  return {
    ...api,
    async call({ name }, { method, path, headers, body, timeoutMs }) {
      const response = await httpRequest(`http://127.0.0.1:${ports.get(name)}${path}`, { method: method as 'GET', headers, body: body ?? null, headersTimeout: timeoutMs })
      return { status: response.statusCode, body: await response.body.text() }
    },
  }
}

function player(api: MemoryApi, spec: LoadSpec, port: number, over: Partial<TestRunParts> = {}) {
  const rows: RequestRow[] = []
  const group: GroupEntries = { own: { kind: 'edge', edge: 'e' }, edges: { e: { host: '127.0.0.1', port } }, regions: {} }
  const opened = openTestRun({
    api, run: 'run-1', namespace: 'regatta-system', load: spec, entries: { europe: group, asia: group }, token: 'secret', parallelism: 2, request: (row) => rows.push(row), ...over,
  })
  cleanup.push(() => opened.close())
  return { ...opened, rows }
}

describe.skipIf(binary === null)(`with k6${binary === null ? ' (skipped: not on PATH or in .tools/)' : ''}`, () => {
  it.each([0, 5_000])('two k6 play the plan arrival by arrival, their clocks %i ms ahead', async (clockAheadMs) => {
    const { port, seen } = await echo()
    const spec = load(rendered, [stream(), stream({ group: 'asia', ratePerSecond: 30, phaseUs: 7000, pinned: 'us-east' })])
    const api = await operated({ clockAheadMs })
    const { prepare, begin, finish, rows } = player(api, spec, port)
    await prepare()
    const zeroUs = systemClock.nowUs() + 50_000
    const { uncertaintyUs } = begin(zeroUs)
    const summary = await finish()
    const scheduled = spec.streams.flatMap((_, at) => [...arrivalsOf(spec, at)])
    expect(rows.map(({ id }) => id).sort()).toEqual(scheduled.map(({ id }) => id).sort())
    expect(seen.sort()).toEqual(rows.map(({ id }) => id).sort())
    expect(new Set(rows.map(({ outcome }) => outcome))).toEqual(new Set(['ok']))
    expect(summary).toMatchObject({ name: 'k6/load', scheduled: scheduled.length, sent: scheduled.length, dropped: 0, unfinished: 0 })
    // Each k6 begins when it wakes; what its clock shows is translated, so five seconds may not be seen anywhere.
    expect(uncertaintyUs).toBeLessThan(1_000_000)
    for (const { id, atUs } of scheduled) expect(Math.abs(rows.find((row) => row.id === id)!.scheduledUs - atUs)).toBeLessThan(1_000_000)
    expect(api.objects.has('k6.io/v1alpha1/TestRun/regatta-system/run-1-load')).toBe(false)
  }, 30_000)

  it('a suite that throws is at fault, although k6 calls it a success', async () => {
    const { port } = await echo()
    const text = `import { optionsFor, scenariosOf, loadFromEnvironment, waitForStart } from ${library}
export const options = optionsFor(scenariosOf(loadFromEnvironment()))
export const setup = waitForStart
export default function () { undefined.cart() }
`
    const { prepare, begin, finish } = player(await operated(), load(text), port)
    await prepare()
    begin(systemClock.nowUs())
    await expect(finish()).rejects.toMatchObject({ code: 'RGT_K6_SCRIPT', details: { found: expect.stringContaining('cart') } })
  }, 30_000)

  it('a suite that never asks when to start is told so', async () => {
    const { prepare } = player(await operated(), load('export const options = { iterations: 4, vus: 2 }\nexport default function () {}\n'), 1)
    await expect(prepare()).rejects.toMatchObject({ code: 'RGT_TEST_RUN', message: expect.stringContaining('before it was told to start') })
  }, 30_000)

  it('a k6 that is killed is an error', async () => {
    const { port } = await echo()
    const { prepare, begin, finish } = player(await operated(), load(rendered), port)
    await prepare()
    begin(systemClock.nowUs())
    setTimeout(() => cleanup.at(-1)!(), 500)
    await expect(finish()).rejects.toMatchObject({ code: 'RGT_TEST_RUN', message: expect.stringContaining('did not play its part') })
  }, 30_000)
})

describe('what an operator may do', () => {
  const prepared = async (arrange: (api: MemoryApi) => void, over: Partial<TestRunParts> = {}) => {
    const api = memoryApi()
    api.put({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: testRunCrd.name } })
    arrange(api)
    return player(api, load(rendered), 1, { startWithinMs: 600, ...over }).prepare()
  }
  const pod = (api: MemoryApi, name: string, status: object): void => {
    api.setPods([{ namespace: 'regatta-system', name, node: '', ready: false, address: '', containerId: '', labels: podLabels('run-1-load') }])
    api.put({ apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'regatta-system', name }, status } as PlainObject)
  }

  it('not be there at all', async () => {
    await expect(player(memoryApi(), load(rendered), 1).prepare()).rejects.toMatchObject({ code: 'RGT_TEST_RUN', message: expect.stringContaining('not installed') })
  })

  it('be installed and not run', async () => {
    await expect(prepared(() => {})).rejects.toMatchObject({ code: 'RGT_TEST_RUN', details: { found: expect.stringContaining('is the operator running?') } })
  })

  it('make pods whose image cannot be had', async () => {
    await expect(prepared((api) => pod(api, 'run-1-load-initializer-abc', { containerStatuses: [{ state: { waiting: { reason: 'ErrImagePull', message: 'not found' } } }] })))
      .rejects.toMatchObject({ code: 'RGT_TEST_RUN', details: { found: expect.stringContaining('ErrImagePull not found') } })
  })

  it('make pods that fit nowhere', async () => {
    await expect(prepared((api) => pod(api, 'run-1-load-1-abc', { conditions: [{ type: 'PodScheduled', status: 'False', message: 'too little cpu' }] })))
      .rejects.toMatchObject({ code: 'RGT_TEST_RUN', details: { found: expect.stringContaining('unschedulable: too little cpu') } })
  })

  it('give up, and say why in its initializer', async () => {
    await expect(prepared((api) => {
      pod(api, 'run-1-load-initializer-abc', { containerStatuses: [{ state: { terminated: { exitCode: 0 } } }] })
      api.say({ namespace: 'regatta-system', name: 'run-1-load-initializer-abc' }, 'level=error msg="y is not defined"')
      api.react((object) => { if (object.kind === 'TestRun') api.put({ ...object, status: { stage: 'error' } }) })
    })).rejects.toMatchObject({ code: 'RGT_TEST_RUN', message: expect.stringContaining('gave up'), details: { found: expect.stringContaining('y is not defined') } })
  })
})
