// What the adapter makes of a daemon that is missing, silent, forbidden or unwilling, and of what it finds done already.

import { afterAll, describe, expect, test } from 'vitest'
import { openDocker } from './cli.ts'
import type { ContainerSpec, DockerDaemon } from './docker.ts'
import { fakeCommand, removeFakes, type Answer, type FakeCommand } from './fake.case.ts'

afterAll(removeFakes)

function fake(...answers: Answer[]): { docker: DockerDaemon; command: FakeCommand } {
  const command = fakeCommand('docker', answers)
  return { command, docker: openDocker({ command: command.path, host: null }) }
}

const spec: ContainerSpec = {
  name: 'box', image: 'some/image:1', network: 'net', command: ['node', 'a.mjs', 'b'], labels: { 'regatta.dev/run': 'r' },
  publish: [{ inside: 8080, port: 13_000 }], files: { '/etc/regatta/a.json': '{}' }, keepInput: true, memoryBytes: 1000,
}

describe('info', () => {
  test('tells how large the daemon is', async () => {
    const { docker } = fake({ when: 'info*', stdout: JSON.stringify({ ServerVersion: '28.0.1', MemTotal: 8e9, NCPU: 4 }) })
    expect(await docker.info()).toEqual({ version: '28.0.1', memoryBytes: 8e9, cpus: 4 })
  })

  test.each<[string, Answer, string, string]>([
    ['no daemon', { when: '*', code: 1, stderr: 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?' }, 'does not answer', 'DOCKER_HOST'],
    ['no daemon, said below an empty answer', { when: '*', code: 1, stdout: '{"ServerVersion":"","ClientInfo":{"Version":"28.2.2"}}\n', stderr: 'Cannot connect to the Docker daemon at unix:///x.sock. Is the docker daemon running?' }, 'does not answer', 'DOCKER_HOST'],
    ['no daemon, said by an older version', { when: '*', stdout: JSON.stringify({ ServerErrors: ['Cannot connect to the Docker daemon at tcp://x. Is the docker daemon running?'] }) }, 'does not answer', 'DOCKER_HOST'],
    ['no host of that name', { when: '*', code: 1, stderr: 'error during connect: Get "http://x:2375/v1.41/info": dial tcp: lookup x: no such host' }, 'does not answer', 'DOCKER_HOST'],
    ['no permission', { when: '*', code: 1, stderr: 'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock' }, 'may not speak', 'group'],
  ])('%s', async (_, answer, message, hint) => {
    await expect(fake(answer).docker.info()).rejects.toMatchObject({
      code: 'RGT_DOCKER', message: expect.stringContaining(message) as string, details: { hint: expect.stringContaining(hint) as string, found: expect.not.stringContaining('ClientInfo') as string },
    })
  })

  test('there is no such command', async () => {
    await expect(openDocker({ command: '/not/there/docker', host: null }).info()).rejects.toMatchObject({
      code: 'RGT_DOCKER', message: 'there is no command `/not/there/docker`', details: { hint: expect.stringContaining('REGATTA_TOOL_DOCKER') as string },
    })
  })

  test('a daemon that is silent is given up', async () => {
    await expect(fake({ when: '*', hangs: true }).docker.info()).rejects.toMatchObject({ code: 'RGT_DOCKER', message: expect.stringContaining('within 5 s') as string })
  })

  test('an abort ends it with the reason', async () => {
    const abort = new AbortController()
    const { path } = fakeCommand('docker', [{ when: '*', hangs: true }])
    const asked = openDocker({ command: path, host: null, signal: abort.signal }).info()
    abort.abort(new Error('enough'))
    await expect(asked).rejects.toThrow('enough')
  })

  test('another host is named in every call', async () => {
    const { path, calls } = fakeCommand('docker', [{ when: '*info*', stdout: JSON.stringify({ ServerVersion: '28.0.1' }) }])
    await openDocker({ command: path, host: 'tcp://10.0.0.1:2376' }).info()
    expect(calls()[0].args.slice(0, 2)).toEqual(['--host', 'tcp://10.0.0.1:2376'])
  })
})

test('a container is made with as little as it can do with, and its secrets are in no argument', async () => {
  const { docker, command } = fake()
  await docker.run({ ...spec, files: { '/etc/regatta/a.json': 'of-nobody' }, state: ['/var/lib/regatta'] })
  const [create, files, state, start] = command.calls().map(({ args }) => args)
  expect(create.join(' ')).toContain('--read-only --tmpfs /tmp:mode=1777 --cap-drop ALL --security-opt no-new-privileges --user 1000:1000')
  expect(create.join(' ')).toContain('--label regatta.dev/run=r --publish 127.0.0.1:13000:8080 --mount type=volume,dst=/etc/regatta,volume-nocopy --mount type=volume,dst=/var/lib,volume-nocopy --interactive --memory 1000')
  expect(create.slice(-5)).toEqual(['--entrypoint', 'node', 'some/image:1', 'a.mjs', 'b'])
  expect([files, state]).toEqual([['cp', '-', 'box:/etc/regatta'], ['cp', '-', 'box:/var/lib']])
  expect(start).toEqual(['start', 'box'])
  expect(JSON.stringify(command.calls())).not.toContain('of-nobody')
})

test('what was made of a container that cannot be started is removed, but never what another made of that name', async () => {
  const failing = fake({ when: 'start*', code: 1, stderr: 'Error response from daemon: driver failed programming external connectivity: port is already allocated' })
  await expect(failing.docker.run(spec)).rejects.toMatchObject({ code: 'RGT_DOCKER', details: { found: expect.stringContaining('already allocated') as string } })
  expect(failing.command.calls().find(({ args }) => args[0] === 'rm')!.args).toEqual(['rm', '--force', '--volumes', 'box'])
  const taken = fake({ when: 'create*', code: 1, stderr: 'Conflict. The container name "/box" is already in use by container "abc". You have to remove it' })
  await expect(taken.docker.run(spec)).rejects.toMatchObject({ code: 'RGT_DOCKER' })
  expect(taken.command.calls().map(({ args }) => args[0])).toEqual(['create'])
  const missing = fake({ when: 'create*', code: 1, stderr: 'docker: Error response from daemon: No such image: some/image:1' })
  await expect(missing.docker.run(spec)).rejects.toMatchObject({ code: 'RGT_IMAGE', message: expect.stringContaining('some/image:1') as string })
})

test('a file in the root of a container is refused before anything is made', async () => {
  const { docker } = fake()
  await expect(docker.run({ ...spec, files: { '/a.json': '' } })).rejects.toMatchObject({ code: 'RGT_DOCKER', details: { found: '/a.json' } })
})

describe('builds', () => {
  const build = { tag: 'regatta/x:1', folder: '/some/folder', arguments: { BASE: 'b:1' }, labels: { a: 'b' } }

  test('fall back to the classic builder where the plug-in of the new one is missing', async () => {
    const { docker, command } = fake({ when: 'build*', once: true, code: 1, stderr: 'ERROR: BuildKit is enabled but the buildx component is missing or broken.' })
    await docker.buildImage(build)
    const calls = command.calls().filter(({ args }) => args[0] === 'build')
    expect(calls.map(({ env }) => env.DOCKER_BUILDKIT)).toEqual([process.env.DOCKER_BUILDKIT ?? '', '0'])
    expect(calls[1].args).toEqual(['build', '--tag', 'regatta/x:1', '--label', 'a=b', '--build-arg', 'BASE=b:1', '/some/folder'])
  })

  test('that fail say with which words, and where', async () => {
    const { docker } = fake({ when: 'build*', code: 1, stderr: 'Step 2/3 : COPY programs/ /regatta/\nCOPY failed: no source files were specified' })
    await expect(docker.buildImage(build)).rejects.toMatchObject({
      code: 'RGT_IMAGE', details: { found: expect.stringContaining('COPY failed') as string, place: { file: '/some/folder/Dockerfile' } },
    })
  })
})

test('what is done already is no error', async () => {
  const refusal = (when: string, words: string): Answer => ({ when, code: 1, stderr: `Error response from daemon: ${words}` })
  const { docker } = fake(
    refusal('pause*', 'Container abc is already paused'), refusal('unpause*', 'Container abc is not paused'), refusal('kill*', 'Cannot kill container: x: Container abc is not running'),
    refusal('rm*', 'No such container: x'), refusal('network rm*', 'network x not found'), refusal('image rm*', 'No such image: x:1'),
    refusal('image inspect*', 'No such image: x:1'),
  )
  await docker.pause('x')
  await docker.unpause('x')
  await docker.kill('x')
  await docker.remove('x')
  await docker.removeNetwork('x')
  await docker.removeImage('x:1')
  expect(await docker.imageExists('x:1')).toBe(false)
})

test('a container that is still being made is listed before it can be removed: it is removed when it can', async () => {
  for (const code of [0, 1]) {
    const beingMade: Answer = { when: 'rm*', once: true, code, stderr: 'Error response from daemon: No such container: x' }
    const { docker, command } = fake(beingMade, { when: 'ps*', once: true, stdout: 'x\n' }, { when: 'rm*', stdout: 'x\n' })
    await docker.remove('x')
    expect(command.calls().filter(({ args }) => args[0] === 'rm')).toHaveLength(2)
  }
  expect(await fake({ when: 'ps*', stdout: 'x\n' }, { when: 'inspect*', code: 1, stderr: 'Error: No such object: x' }).docker.containers('a=b')).toEqual(['x'])
})

test('what the daemon refuses otherwise is an error with its words', async () => {
  const { docker } = fake({ when: '*', code: 1, stderr: 'Error response from daemon: something else' })
  const acts = [docker.pause('x'), docker.kill('x'), docker.start('x'), docker.createNetwork('x', {}), docker.exec('x', ['ls']), docker.removeNetwork('x')]
  for (const { reason } of (await Promise.allSettled(acts)) as PromiseRejectedResult[]) {
    expect(reason).toMatchObject({ code: 'RGT_DOCKER', details: { found: 'Error response from daemon: something else' } })
  }
  await expect(docker.pullImage('x:1')).rejects.toMatchObject({ code: 'RGT_IMAGE' })
})

test('a registry that cannot be reached is no daemon that cannot', async () => {
  const { docker } = fake({ when: 'pull*', code: 1, stderr: 'Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host' })
  await expect(docker.pullImage('x:1')).rejects.toMatchObject({ code: 'RGT_IMAGE', details: { found: expect.stringContaining('registry-1') as string } })
})

describe('a freezer that cannot catch every process at once', () => {
  const busy: Answer = { when: 'pause*', code: 1, stderr: 'Error response from daemon: Cannot pause container abc: OCI runtime pause failed: unable to freeze: unknown' }

  test('is asked again until it can', async () => {
    const { docker, command } = fake({ ...busy, once: true }, { ...busy, once: true }, { when: 'pause*' })
    await docker.pause('x')
    expect(command.calls().length).toBe(3)
  })

  test('is given up after a while, with its words', async () => {
    const { docker, command } = fake(busy)
    await expect(docker.pause('x')).rejects.toMatchObject({ code: 'RGT_DOCKER', details: { found: expect.stringContaining('unable to freeze') as string } })
    expect(command.calls().length).toBe(8)
  })
})
