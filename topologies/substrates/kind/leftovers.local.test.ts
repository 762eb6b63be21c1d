// What is done about claims that reach into Docker when Docker is a command that answers as told: nothing is forgotten
// that could not be removed, and nothing is removed that is not the run's.

import { home } from './leftovers.case.ts'
import { rmSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { claimRun, claims, noteDocker, ownerLabels, stateOfOwner, sweep, type Claim } from '../sockets/ownership.ts'
import { fakeCommand, removeFakes, type Answer } from './docker/fake.case.ts'
import { sentence, sweepEverything } from './leftovers.ts'

afterAll(() => {
  removeFakes()
  rmSync(home, { recursive: true, force: true })
})

const info: Answer = { when: 'info*', stdout: JSON.stringify({ ServerVersion: '28.0.1' }) }
const noDaemon: Answer = { when: '*', code: 1, stderr: 'Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?' }

/** A claim whose owner is gone. */
function dead(run: string, change: (claim: Claim) => void = () => {}): Claim {
  const claim = claimRun(run)
  change(claim)
  claim.update(({ owner }) => { owner.startTime = '1' })
  return claim
}

const withNetwork = (command: string) => (claim: Claim): void => noteDocker(claim, { host: null, command, kind: 'kind' })('networks', claim.document.run)
const there = (run: string): boolean => claims().some((claim) => claim.run === run)

test('a claim that reaches into Docker is left by those who cannot follow it there', async () => {
  const { path } = fakeCommand('docker', [info])
  dead('plain')
  dead('far', withNetwork(path))
  expect(sweep().map(({ run }) => run)).toEqual(['plain'])
  expect([there('plain'), there('far')]).toEqual([false, true])
  expect(await sweepEverything({ docker: { command: path, host: null } })).toMatchObject([{ run: 'far', left: null }])
  expect(there('far')).toBe(false)
})

test('where Docker does not answer the claim stays, and is swept when it does', async () => {
  const silent = fakeCommand('docker', [noDaemon])
  const claim = dead('silent', withNetwork(silent.path))
  const [swept] = await sweepEverything({ docker: { command: silent.path, host: null } })
  expect(swept).toMatchObject({ run: 'silent', left: expect.stringContaining('does not answer') as string })
  expect(sentence(swept)).toContain('removed nothing; left: the Docker daemon does not answer')
  expect(there('silent')).toBe(true)
  const well = fakeCommand('docker', [info, { when: 'network ls*', stdout: 'silent\n' }, { when: 'network inspect*', stdout: '{"regatta.dev/run":"silent"}' }])
  claim.update(({ docker }) => { docker!.command = well.path })
  const told: string[] = []
  expect(await sweepEverything({ docker: { command: silent.path, host: null }, progress: (text) => told.push(text) })).toMatchObject([{ run: 'silent', networks: ['silent'], left: null }])
  expect(told).toEqual(['silent: its owner is dead; removed 1 networks'])
  expect(well.calls().map(({ args }) => args.join(' '))).toContain('network rm silent')
  expect(there('silent')).toBe(false)
})

test('nodes of a claimed cluster are removed, and nodes that came late with the network they are on', async () => {
  const { path, calls } = fakeCommand('docker', [
    info,
    { when: 'ps *label=io.x-k8s.kind.cluster=late-eu *', stdout: 'late-eu-control-plane\n' },
    { when: 'ps *network=late *', stdout: 'late-us-control-plane\nsomebody-elses\n' },
    { when: 'inspect *late-us-control-plane', stdout: '{"io.x-k8s.kind.cluster":"late-us"}' },
    { when: 'inspect*', stdout: '{}' },
    { when: 'network ls*', stdout: 'late\n' }, { when: 'network inspect*', stdout: '{"regatta.dev/run":"late"}' },
  ])
  dead('late', (claim) => {
    const note = noteDocker(claim, { host: null, command: path, kind: 'kind' })
    note('clusters', 'late-eu')
    note('networks', 'late')
    note('networks', 'late')
    expect(claim.document.docker).toMatchObject({ clusters: ['late-eu'], networks: ['late'], containers: [] })
  })
  expect(await sweepEverything({ docker: { command: '/not/there', host: null } })).toMatchObject([{ run: 'late', clusters: ['late-eu', 'late-us'], networks: ['late'], left: null }])
  expect(calls().filter(({ args }) => args.includes('rm')).map(({ args }) => args.at(-1))).toEqual(['late-eu-control-plane', 'late-us-control-plane', 'late'])
})

test('namespaces that cannot be reached keep the claim, with the way out', async () => {
  const claim = dead('spaces', (one) => one.update((document) => { document.namespaces = [{ kubeconfig: '/not/there/config', context: 'c', names: ['n'] }] }))
  const [swept] = await sweepEverything({ docker: { command: '/not/there', host: null } })
  expect(swept).toMatchObject({ run: 'spaces', namespaces: [], left: expect.stringMatching(/namespaces of c: .*remove .*spaces\.json/) as string })
  expect(there('spaces')).toBe(true)
  claim.release()
})

test('without a claim a label tells the owner: dead only when that is certain', () => {
  const claim = claimRun('labels')
  const label = ownerLabels(claim)['regatta.dev/owner']
  const changed = (change: object): string => JSON.stringify({ ...JSON.parse(label) as object, ...change })
  expect(stateOfOwner(label)).toBe('alive')
  expect(stateOfOwner(changed({ startTime: '1' }))).toBe('dead')
  for (const other of [{ bootId: 'other' }, { uid: 12345 }, { pidSpace: 'pid:[1]' }]) expect(stateOfOwner(changed({ startTime: '1', ...other }))).toBe('unknown')
  expect([undefined, '', 'x', '{}'].map(stateOfOwner)).toEqual(Array(4).fill('unknown'))
  claim.release()
})
