// Which commands a start on clusters takes, and what is told when one of them is missing.

import { afterAll, expect, test } from 'vitest'
import type { Inventory } from '../../substrate.ts'
import { findCommands, type CommandsRequest } from './commands.ts'
import { fakeCommand, removeFakes, type Answer } from './docker/fake.case.ts'

afterAll(removeFakes)

const fakeDocker = (...answers: Answer[]): string => fakeCommand('docker', [{ when: '--version', stdout: 'Docker version 28.0.1, build abc' }, ...answers, { when: '*info*', stdout: JSON.stringify({ ServerVersion: '20.10.24' }) }]).path
const fakeKind = (): string => fakeCommand('kind', [{ when: 'version', stdout: 'kind v0.33.0 go1.26.8 linux/amd64' }]).path

function request(explicit: Record<string, string>, needsKind = true): CommandsRequest & { inventory: Inventory } {
  return {
    request: { tools: { allowEmbedded: true, allowInstall: false, explicit }, options: { gateway: 'reference', collectGarbageEveryMs: 0, clusters: { dockerHost: 'unix:///x' } }, signal: new AbortController().signal, progress() {} },
    inventory: { tools: {}, stagesMs: {}, entries: {}, admin: {}, clock: { id: 'monotonic', offsetUs: 0, uncertaintyUs: 0 } },
    needsKind,
  }
}

test('finds both, tells their versions, and how whoever cleans up reaches them', async () => {
  const explicit = { docker: fakeDocker(), kind: fakeKind() }
  const asked = request(explicit)
  const { clusters, way } = await findCommands(asked)
  expect(clusters?.version).toBe('0.33.0')
  expect(way).toEqual({ host: 'unix:///x', command: explicit.docker, kind: explicit.kind })
  expect(asked.inventory.tools).toEqual({ docker: { version: '20.10.24', origin: 'explicit' }, kind: { version: '0.33.0', origin: 'explicit' } })
})

test('a docker command that is missing, or whose daemon is', async () => {
  await expect(findCommands(request({ docker: '/not/there', kind: fakeKind() }))).rejects.toMatchObject({ code: 'RGT_TOOL_MISSING', message: 'docker is missing' })
  const silent = fakeDocker({ when: '*info*', code: 1, stderr: 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?' })
  await expect(findCommands(request({ docker: silent, kind: fakeKind() }))).rejects.toMatchObject({ code: 'RGT_DOCKER', message: expect.stringContaining('at unix:///x does not answer') as string })
})

test('kind that is missing matters only where clusters are made', async () => {
  await expect(findCommands(request({ docker: fakeDocker(), kind: '/not/there' }))).rejects.toMatchObject({ code: 'RGT_TOOL_MISSING', message: 'kind is missing' })
  expect(await findCommands(request({ docker: fakeDocker(), kind: '/not/there' }, false))).toMatchObject({ clusters: null })
})
