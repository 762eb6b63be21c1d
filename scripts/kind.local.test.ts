// Everything that can be missing before a drill on clusters begins, with a docker and a kind that a test plays: each is
// one coded error with a hint within seconds, exit code 4, on record, and nothing is left.

import { writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { kubeconfigOf, playServer, status, type Handler } from '../topologies/substrates/kind/api/api-server.case.ts'
import { removeFakes } from '../topologies/substrates/kind/docker/fake.case.ts'
import { errorsOf, playMachine, type PlayedMachine, type PlayedMachineOptions } from './played-machine.case.ts'

const machines: PlayedMachine[] = []
afterAll(() => {
  for (const { sandbox } of machines) sandbox.clear()
  removeFakes()
})

function play(options: PlayedMachineOptions): PlayedMachine {
  const machine = playMachine(options)
  machines.push(machine)
  return machine
}

interface Expected { code: string; message: RegExp; found?: RegExp; hint: RegExp }

/** It is told once, ends with 4, stands in the record, and leaves nothing. */
async function fails(machine: PlayedMachine, expected: Expected, ...args: string[]): Promise<void> {
  const told = documentOf(expected)
  const run = await machine.run(...args)
  expect(errorsOf(run)).toMatchObject([told])
  expect(run).toMatchObject({ code: 4, record: { ended: 'failed', error: told } })
  expect(machine.left()).toEqual([])
}

/** The same of `up`, which keeps no record of what never was up. */
async function failsUp(machine: PlayedMachine, expected: Expected, ...args: string[]): Promise<void> {
  const up = await machine.up(...args)
  expect(errorsOf(up)).toMatchObject([documentOf(expected)])
  expect(up).toMatchObject({ code: 4, out: '' })
  expect(machine.left()).toEqual([])
}

function documentOf({ code, message, found = /./, hint }: Expected): Record<string, string> {
  return { code, message: expect.stringMatching(message) as string, found: expect.stringMatching(found) as string, hint: expect.stringMatching(hint) as string }
}

const missing = (image: string) => ({ when: `image inspect*${image}`, code: 1, stderr: `Error: No such image: ${image}\n` })
const noRegistry = { when: 'pull*', code: 1, stderr: 'Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host\n' }
const asked = ({ docker }: PlayedMachine): string[] => docker.calls().map(({ args }) => args.slice(0, 2).join(' '))

describe.concurrent('before anything is made', () => {
  test.each<[string, PlayedMachineOptions, Expected]>([
    ['no daemon', { docker: [{ when: 'info*', code: 1, stdout: '{"ServerVersion":"","ClientInfo":{}}\n', stderr: 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n' }] },
      { code: 'RGT_DOCKER', message: /does not answer/, found: /^Cannot connect/, hint: /start Docker/ }],
    ['a daemon that is not for this user', { docker: [{ when: '*info*', code: 1, stderr: 'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock\n' }], variables: { DOCKER_HOST: 'unix:///played.sock' } },
      { code: 'RGT_DOCKER', message: /may not speak to the Docker daemon at unix:\/\/\/played.sock/, hint: /join the group/ }],
    ['a daemon that is silent', { docker: [{ when: 'info*', hangs: true }] }, { code: 'RGT_DOCKER', message: /within 5 s/, hint: /docker info/ }],
    ['no docker', { variables: { REGATTA_TOOL_DOCKER: '/not/there/docker' } }, { code: 'RGT_TOOL_MISSING', message: /docker is missing/, hint: /path/ }],
    ['a docker that is too old', { docker: [{ when: '--version', stdout: 'Docker version 19.03.1, build x' }] }, { code: 'RGT_TOOL_VERSION', message: /docker is too old/, hint: /path/ }],
    ['no kind', { variables: { REGATTA_TOOL_KIND: '/not/there/kind' } }, { code: 'RGT_TOOL_MISSING', message: /kind is missing/, hint: /path/ }],
    ['too little memory', { docker: [{ when: 'info*', stdout: '{"ServerVersion":"28.0.1","MemTotal":1073741824,"NCPU":2}' }] },
      { code: 'RGT_MEMORY', message: /more memory than there is/, found: /Docker has 1024 MiB/, hint: /regatta down/ }],
    ['no node image', { variables: { REGATTA_KIND_NODE_IMAGE: 'node/image:1' }, docker: [missing('node/image:1'), noRegistry] },
      { code: 'RGT_IMAGE', message: /node image node\/image:1/, found: /no such host/, hint: /REGATTA_KIND_NODE_IMAGE/ }],
    ['no base image', { variables: { REGATTA_GATEWAY_BASE_IMAGE: 'base:1' }, docker: [missing('base:1'), noRegistry] },
      { code: 'RGT_IMAGE', message: /base image base:1/, found: /no such host/, hint: /REGATTA_GATEWAY_BASE_IMAGE/ }],
    ['a base with an old Node', { docker: [missing('regatta/gateway*'), { when: 'start --attach*', stdout: 'v22.1.0\n' }] },
      { code: 'RGT_IMAGE', message: /does not bring a fit Node/, found: /v22.1.0/, hint: /REGATTA_GATEWAY_BASE_IMAGE/ }],
    ['one image of two named', { variables: { REGATTA_GATEWAY_IMAGE: 'g:1' } }, { code: 'RGT_IMAGE', message: /the other is not/, hint: /REGATTA_TESTBED_IMAGE/ }],
  ])('%s', async (_, options, expected) => {
    const machine = play(options)
    await fails(machine, expected)
    if (expected.code === 'RGT_DOCKER') await failsUp(machine, expected)
    expect(asked(machine)).not.toContain('network create')
  }, 120_000)
})

describe.concurrent('while it is made', () => {
  test.each<[string, PlayedMachineOptions, Expected, ...string[]]>([
    ['images cannot be built', { docker: [missing('regatta/*'), { when: 'build*', code: 1, stderr: 'failed to solve: no space left on device\n' }] },
      { code: 'RGT_IMAGE', message: /could not build/, found: /no space left/, hint: /./ }],
    ['no room for a network', { docker: [{ when: 'network create*', code: 1, stderr: 'Error response from daemon: could not find an available, non-overlapping IPv4 address pool\n' }] },
      { code: 'RGT_DOCKER', message: /could not make the network/, found: /address pool/, hint: /network prune/ }],
    ['a port that is taken', { docker: [{ when: 'start*-links', code: 1, stderr: 'Error response from daemon: driver failed programming external connectivity: port is already allocated\n' }] },
      { code: 'RGT_DOCKER', message: /could not start container/, found: /already allocated/, hint: /port/ }],
    ['kind fails', { kind: [{ when: 'create*', code: 1, stderr: 'ERROR: failed to create cluster: could not find a log line that matches "Reached target .*Multi-User System.*"\n' }] },
      { code: 'RGT_CLUSTER', message: /could not be made/, found: /Multi-User System/, hint: /--retain/ }],
    ['kind cannot pull its own image', { kind: [{ when: 'create*', code: 1, stderr: 'ERROR: failed to create cluster: failed to pull image "kindest/node:v1.36.1": exit status 1\n' }] },
      { code: 'RGT_IMAGE', message: /node image/, found: /kindest\/node/, hint: /REGATTA_KIND_NODE_IMAGE/ }],
    ['a cluster that is never ready', { kind: [{ when: 'create*', hangs: true, stderr: ' • Starting control-plane\n' }] },
      { code: 'RGT_CLUSTER', message: /not ready after 1 s/, found: /Starting control-plane/, hint: /--ready-within/ }, '--ready-within', '1s'],
    ['a cluster that kind takes for ready when it is not', { kind: [{ when: 'create*', stderr: ' ✗ Waiting ≤ 1s for control-plane = Ready\n • WARNING: Timed out waiting for Ready\n' }] },
      { code: 'RGT_CLUSTER', message: /not ready after 1 s/, found: /Timed out/, hint: /--ready-within/ }, '--ready-within', '1s'],
  ])('%s', async (_, options, expected, ...args) => {
    const machine = play(options)
    await fails(machine, expected, ...args)
    await failsUp(machine, expected, ...args)
    const calls = machine.docker.calls().map(({ args: said }) => said.join(' '))
    for (const created of calls.filter((call) => call.startsWith('network create')).map((call) => call.split(' ').at(-1)!)) expect(calls).toContain(`network rm ${created}`)
    for (const started of calls.filter((call) => call.startsWith('create --name regatta')).map((call) => call.split(' ')[2])) expect(calls).toContain(`rm --force --volumes ${started}`)
  }, 120_000)
})

describe.concurrent('clusters that are there', () => {
  const contexts = (context: string): string[] => ['--contexts', `eu-west=${context}`]
  const kubeconfig = (machine: PlayedMachine, text: string): string[] => {
    const file = join(machine.sandbox.folder, 'kubeconfig')
    writeFileSync(file, text)
    return [...contexts('played'), '--kubeconfig', file]
  }
  const nothing = 'http://127.0.0.1:9'

  test.each<[string, (machine: PlayedMachine) => string[], Expected]>([
    ['no kubeconfig', () => [...contexts('played'), '--kubeconfig', '/not/there'], { code: 'RGT_KUBECONFIG', message: /cannot be read/, found: /no such file/, hint: /KUBECONFIG/ }],
    ['a file that is no YAML', (machine) => kubeconfig(machine, '{ not: [yaml'), { code: 'RGT_KUBECONFIG', message: /not a kubeconfig/, hint: /kubectl config view/ }],
    ['YAML that is no kubeconfig', (machine) => kubeconfig(machine, '- 1\n- 2\n'), { code: 'RGT_KUBECONFIG', message: /./, hint: /kubectl config/ }],
    ['no such context', (machine) => [...kubeconfig(machine, kubeconfigOf(nothing)).slice(2), ...contexts('misspelt')], { code: 'RGT_KUBECONFIG', message: /no context misspelt/, found: /misspelt/, hint: /get-contexts/ }],
    ['a context without its cluster', (machine) => [...kubeconfig(machine, kubeconfigOf(nothing)).slice(2), ...contexts('broken')], { code: 'RGT_KUBECONFIG', message: /names a cluster that the file does not have/, hint: /mend/ }],
    ['no such context for the load', (machine) => [...kubeconfig(machine, kubeconfigOf(nothing)), '--load-in', 'elsewhere'], { code: 'RGT_KUBECONFIG', message: /no context elsewhere/, found: /elsewhere/, hint: /get-contexts/ }],
    ['a server that refuses connections', (machine) => kubeconfig(machine, kubeconfigOf(nothing)), { code: 'RGT_KUBERNETES', message: /did not answer/, found: /ECONNREFUSED/, hint: /kubectl --context played version/ }],
  ])('%s', async (_, given, expected) => {
    const machine = play({})
    const args = given(machine)
    await fails(machine, expected, ...args)
    if (expected.code === 'RGT_KUBECONFIG') await failsUp(machine, expected, ...args)
    expect(asked(machine)).not.toContain('network create')
  }, 120_000)

  test('a server that is silent', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const machine = play({})
    await fails(machine, { code: 'RGT_KUBERNETES', message: /did not answer: tell its version/, hint: /is the cluster up/ }, ...kubeconfig(machine, kubeconfigOf(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`)))
    silent.close()
  }, 120_000)

  const version = { status: 200, body: { gitVersion: 'v1.34.0' } }
  const kinds = { status: 200, body: { resources: [{ name: 'namespaces', kind: 'Namespace', namespaced: false }] } }
  const answers = (namespace: ReturnType<Handler>): Handler => ({ path }) => (path === '/version' ? version : path === '/api/v1' ? kinds : namespace)
  test.each<[string, Handler, PlayedMachineOptions, Expected]>([
    ['credentials that are not taken', () => status(401, 'Unauthorized'), {}, { code: 'RGT_KUBERNETES', message: /refused: tell its version/, found: /401: Unauthorized/, hint: /log in again/ }],
    ['a user who may do nothing', answers(status(403, 'namespaces is forbidden')), {}, { code: 'RGT_KUBERNETES', message: /refused: read Namespace/, found: /403: namespaces is forbidden/, hint: /may not/ }],
    ['something else than an API server', () => ({ status: 200, body: '<html>log in</html>' }), {}, { code: 'RGT_KUBERNETES', message: /no API server/, found: /log in/, hint: /proxy/ }],
    ['a cluster that images cannot be brought to', answers(status(404, 'not found')), {}, { code: 'RGT_IMAGE', message: /images of this run cannot be put into/, found: /played/, hint: /REGATTA_GATEWAY_IMAGE/ }],
    ['no network to their nodes', answers(status(404, 'not found')), { variables: { REGATTA_GATEWAY_IMAGE: 'g:1', REGATTA_TESTBED_IMAGE: 't:1' }, docker: [{ when: 'network inspect*', code: 1, stderr: 'Error: No such network: kind' }] },
      { code: 'RGT_DOCKER', message: /no Docker network kind/, found: /kind/, hint: /--network/ }],
  ])('%s', async (_, handler, options, expected) => {
    await using server = await playServer(handler)
    const machine = play(options)
    await fails(machine, expected, ...contexts('played'), '--kubeconfig', server.kubeconfig)
    expect(server.asked.filter(({ method }) => method !== 'GET')).toEqual([])
    expect(asked(machine)).not.toContain('network create')
  }, 120_000)
})

describe('what is called off', () => {
  const slow: PlayedMachineOptions = { kind: [{ when: 'create*', hangs: true }] }
  const underWay = (machine: PlayedMachine, times = 1): Promise<void> =>
    expect.poll(() => machine.kind.calls().filter(({ args }) => args[0] === 'create').length, { timeout: 60_000 }).toBe(times)

  test.each(['SIGINT', 'SIGTERM'] as const)('%s while a cluster is made: 130, and nothing is left', async (signal) => {
    const machine = play(slow)
    const verbs = [['run', machine.small.scenario, '--out', join(machine.sandbox.folder, 'runs')], ['up', machine.small.topology]]
    for (const [index, verb] of verbs.entries()) {
      const running = machine.sandbox.start(...verb, '--on', 'kind', '--no-install')
      await underWay(machine, index + 1)
      running.process.kill(signal)
      expect((await running.ended).code).toBe(130)
      expect(machine.left()).toEqual([])
    }
  }, 120_000)

  test('`up --detach` that is interrupted takes along what it started', async () => {
    const machine = play(slow)
    const running = machine.sandbox.start('up', machine.small.topology, '--on', 'kind', '--no-install', '--detach')
    await underWay(machine)
    running.process.kill('SIGINT')
    expect((await running.ended).code).toBe(130)
    expect(machine.left()).toEqual([])
  }, 120_000)

  test('SIGKILL while a cluster is made: `down --stale` ends kind and removes the rest', async () => {
    const machine = play(slow)
    const running = machine.sandbox.start('run', machine.small.scenario, '--on', 'kind', '--no-install', '--out', join(machine.sandbox.folder, 'runs'))
    await underWay(machine)
    running.process.kill('SIGKILL')
    await running.ended
    expect(machine.left()).not.toEqual([])
    const down = await machine.sandbox.regatta('down', '--stale', '--json')
    expect(down.code).toBe(0)
    expect(JSON.parse(down.out)).toMatchObject({ state: 'swept', processes: [expect.stringMatching(/^kind regatta-[0-9a-f]{6}-eu-west$/)] })
    await expect.poll(() => machine.left()).toEqual([])
  }, 120_000)
})
