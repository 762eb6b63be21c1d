// A runner that is killed while it has a network and containers in a real daemon: the next sweep removes them, by its
// claim or, where that is gone, by their labels; and a living runner's stay.

import { home } from './leftovers.case.ts'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { cleanUp, gone, runProgram } from '../sockets/child.case.ts'
import { claimFile, claimRun, claims, ownerLabels } from '../sockets/ownership.ts'
import { baseImage, docker, dockerTest, named, program } from './docker/docker.case.ts'
import { describeCluster, uniqueName } from './kind.case.ts'
import { sweepEverything } from './leftovers.ts'
import { runLabel } from './manifests/region.ts'

const runs: string[] = []
afterAll(async () => {
  cleanUp()
  for (const run of runs) {
    for (const name of await docker.containers(`${runLabel}=${run}`)) await docker.remove(name)
    for (const { name } of await docker.labelledNetworks(`${runLabel}=${run}`)) await docker.removeNetwork(name)
  }
  rmSync(home, { recursive: true, force: true })
})

/** A runner that has made a network, a container that runs and one that is frozen, and is then killed. */
async function killedRunner(): Promise<{ run: string; folder: string }> {
  const run = named('killed')
  runs.push(run)
  const folder = join(home, run)
  mkdirSync(folder)
  const { child } = await runProgram((local) => `
    import { claimRun, noteDocker, ownerLabels } from ${local('ownership.ts')}
    import { openDocker } from ${local('../kind/docker/cli.ts')}
    const docker = openDocker({ command: 'docker', host: null })
    const claim = claimRun(${JSON.stringify(run)})
    const labels = { ...ownerLabels(claim), '${runLabel}': ${JSON.stringify(run)} }
    const note = noteDocker(claim, { host: null, command: 'docker', kind: 'kind' })
    claim.update(({ folders }) => folders.push(${JSON.stringify(folder)}))
    const network = ${JSON.stringify(run)}
    note('networks', network)
    await docker.createNetwork(network, labels)
    for (const name of ['a', 'b'].map((end) => network + '-' + end)) {
      note('containers', name)
      await docker.run({ name, image: ${JSON.stringify(baseImage)}, network, command: ['node', '-e', 'setInterval(() => {}, 1000)'], labels, publish: [], files: { '/etc/regatta/a.json': '{}' }, keepInput: true })
    }
    await docker.pause(network + '-b')
    console.log('{}')
    setInterval(() => {}, 1000)
  `)
  child.kill('SIGKILL')
  await gone(child)
  expect((await docker.containers(`${runLabel}=${run}`)).sort()).toEqual([`${run}-a`, `${run}-b`])
  return { run, folder }
}

const nothingOf = async (run: string): Promise<void> => {
  expect(await docker.containers(`${runLabel}=${run}`)).toEqual([])
  expect(await docker.labelledNetworks(`${runLabel}=${run}`)).toEqual([])
}

dockerTest('by its claim', async () => {
  const { run, folder } = await killedRunner()
  const swept = (await sweepEverything()).find((one) => one.run === run)
  expect(swept).toMatchObject({ networks: [run], removed: [folder], clusters: [], namespaces: [], left: null })
  expect(swept!.containers.sort()).toEqual([`${run}-a`, `${run}-b`])
  await nothingOf(run)
  expect(existsSync(folder)).toBe(false)
  expect(claims().map((claim) => claim.run)).not.toContain(run)
  expect((await sweepEverything()).map((one) => one.run)).not.toContain(run)
})

dockerTest('by labels where the claim is gone; never of a runner that lives or is unknown', async () => {
  const { run } = await killedRunner()
  rmSync(claimFile(run))
  const living = claimRun(named('living'))
  const stranger = named('stranger')
  runs.push(living.document.run, stranger)
  const labels = ownerLabels(living)
  await docker.createNetwork(living.document.run, { ...labels, [runLabel]: living.document.run })
  await docker.run(program('setInterval(() => {}, 1000)', { name: `${living.document.run}-a`, network: living.document.run, labels: { ...labels, [runLabel]: living.document.run } }))
  await docker.createNetwork(stranger, { [runLabel]: stranger, 'regatta.dev/owner': JSON.stringify({ ...JSON.parse(labels['regatta.dev/owner']) as object, bootId: 'another machine' }) })
  living.release()
  const swept = await sweepEverything()
  expect(swept.find((one) => one.run === run)).toMatchObject({ networks: [run], left: null })
  await nothingOf(run)
  expect(swept.map((one) => one.run)).not.toContain(living.document.run)
  expect(await docker.containers(`${runLabel}=${living.document.run}`)).toEqual([`${living.document.run}-a`])
  expect((await docker.labelledNetworks(`${runLabel}=${stranger}`)).map(({ name }) => name)).toEqual([stranger])
})

describeCluster('namespaces of a cluster that was there before', ({ kubeconfig, context }) => {
  test('are removed when they carry the label of the dead run, and only then', async () => {
    const { openRegionApi } = await import('./api/client.ts')
    const api = await openRegionApi({ region: 'eu', kubeconfig, context })
    const run = uniqueName('dead')
    const [own, other, none] = ['system', 'other', 'none'].map((end) => `${run}-${end}`)
    const namespace = (name: string, labels: Record<string, string>): object => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } })
    const ref = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', name })
    try {
      await api.apply([namespace(own, { [runLabel]: run }), namespace(other, { [runLabel]: 'another' })])
      const claim = claimRun(run)
      claim.update((document) => {
        document.namespaces = [{ kubeconfig, context, names: [own, other, none] }]
        document.owner.startTime = '1'
      })
      expect((await sweepEverything()).find((one) => one.run === run)).toMatchObject({ namespaces: [`${context}/${own}`], left: null })
      expect(await api.read(ref(own))).toBe(null)
      expect(await api.read(ref(other))).toMatchObject({ metadata: { name: other } })
      expect(claims().map((one) => one.run)).not.toContain(run)
    } finally {
      await api.remove(ref(other))
      await api.remove(ref(own))
      api.close()
    }
  })
})
