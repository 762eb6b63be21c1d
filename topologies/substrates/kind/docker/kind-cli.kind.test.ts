// The adapter and a real kind: a cluster that is called off while it is made, and one that can never be made, leave no
// container, and the user's own kubeconfig is not written.

import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { describeKind } from '../kind.case.ts'
import { openDocker } from './cli.ts'
import { kindClusterLabel, type ClusterSpec } from './clusters.ts'
import { baseImage, named } from './docker.case.ts'
import { openClusters } from './kind-cli.ts'

describeKind('a cluster', ({ kind, nodeImage }) => {
  const folder = mkdtempSync(join(tmpdir(), 'regatta-kind-cli-'))
  const docker = openDocker({ command: 'docker', host: null })
  const network = named('net')
  afterAll(async () => {
    await docker.removeNetwork(network)
    rmSync(folder, { recursive: true, force: true })
  })
  const specOf = (name: string): ClusterSpec => ({
    name, network, nodeImage, cni: 'default', publish: [], kubeconfig: join(folder, `${name}.kubeconfig`), readyTimeoutMs: 60_000,
  })
  const nodesOf = (name: string): Promise<string[]> => docker.containers(`${kindClusterLabel}=${name}`)

  test('that is called off while it is made leaves no node', async () => {
    await docker.createNetwork(network, {})
    const clusters = await openClusters({ command: kind, docker, host: null })
    const name = named('off')
    const abort = new AbortController()
    const making = clusters.create(specOf(name), abort.signal)
    making.catch(() => {})
    await expect.poll(() => nodesOf(name), { timeout: 30_000 }).toEqual([`${name}-control-plane`])
    abort.abort(new Error('called off'))
    await expect(making).rejects.toThrow('called off')
    expect(await nodesOf(name)).toEqual([])
    expect((await docker.attached(network)).map((one) => one.name)).toEqual([])
    await clusters.remove(name)
  }, 90_000)

  test('whose image holds no node is an error with the words of kind, and leaves none', async (context) => {
    context.skip(!await docker.imageExists(baseImage), `the image ${baseImage} is not here`)
    const clusters = await openClusters({ command: kind, docker, host: null })
    const name = named('not')
    await expect(clusters.create({ ...specOf(name), nodeImage: baseImage }, new AbortController().signal)).rejects.toMatchObject({
      code: 'RGT_CLUSTER', details: { found: expect.stringContaining('ERROR') as string },
    })
    expect(await nodesOf(name)).toEqual([])
    expect(existsSync(specOf(name).kubeconfig)).toBe(false)
  }, 90_000)
})
