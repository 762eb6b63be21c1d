// Everything that can be missing before a drill on clusters begins, with a docker and a kind that a test plays: each is
// one coded error with a hint within seconds, exit code 4, on record, and nothing is left.

import { afterAll, describe, expect, test } from 'vitest'
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

/** Both verbs say the same, end with 4 and leave nothing. */
async function fails(machine: PlayedMachine, { code, message, found = /./, hint }: Expected, ...args: string[]): Promise<void> {
  const told = { code, message: expect.stringMatching(message) as string, found: expect.stringMatching(found) as string, hint: expect.stringMatching(hint) as string }
  const run = await machine.run(...args)
  expect(errorsOf(run)).toMatchObject([told])
  expect(run).toMatchObject({ code: 4, record: { ended: 'failed', error: told } })
  const up = await machine.up(...args)
  expect(errorsOf(up)).toMatchObject([told])
  expect(up).toMatchObject({ code: 4, out: '' })
  expect(machine.left()).toEqual([])
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
    expect(asked(machine)).not.toContain('network create')
  }, 60_000)
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
    const calls = machine.docker.calls().map(({ args: said }) => said.join(' '))
    for (const created of calls.filter((call) => call.startsWith('network create')).map((call) => call.split(' ').at(-1)!)) expect(calls).toContain(`network rm ${created}`)
    for (const started of calls.filter((call) => /^create --name regatta/.test(call)).map((call) => call.split(' ')[2])) expect(calls).toContain(`rm --force --volumes ${started}`)
  }, 60_000)
})
