// What the adapter makes of kind: what it is told, its failures by their kinds, and nothing left of a cluster that
// could not be made.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parse, stringify } from 'yaml'
import { openDocker } from './cli.ts'
import type { Clusters, ClusterSpec } from './clusters.ts'
import { fakeCommand, removeFakes, type Answer, type FakeCommand } from './fake.case.ts'
import { openClusters } from './kind-cli.ts'
import { kubeadmPatches, staticPodPatches } from './quiet.ts'

const folder = mkdtempSync(join(tmpdir(), 'regatta-kind-cli-'))
afterAll(() => {
  removeFakes()
  rmSync(folder, { recursive: true, force: true })
})

const node = { when: 'ps *io.x-k8s.kind.cluster=run-eu*', stdout: 'run-eu-control-plane\n' }
const labels = { when: 'inspect *Labels*', stdout: '{}\n' }
const version = { when: 'version*', stdout: 'kind v0.33.0 go1.26.8 linux/amd64\n' }

interface Fakes { clusters: Clusters; kind: FakeCommand; docker: FakeCommand; started: string[] }

async function fakes(kindAnswers: Answer[], dockerAnswers: Answer[] = [], host: string | null = 'tcp://10.0.0.1:1'): Promise<Fakes> {
  const kind = fakeCommand('kind', [version, ...kindAnswers])
  const docker = fakeCommand('docker', [...dockerAnswers, node, labels])
  const started: string[] = []
  const clusters = await openClusters({
    command: kind.path, docker: openDocker({ command: docker.path, host: null }), dockerCommand: docker.path, host, started: (_, name) => started.push(name),
  })
  return { clusters, kind, docker, started }
}

const spec: ClusterSpec = {
  name: 'run-eu', network: 'run', nodeImage: 'node/image:1', cni: 'default', publish: [{ nodePort: 30_080, port: 13_001 }],
  kubeconfig: join(folder, 'eu.kubeconfig'), readyTimeoutMs: 20_000,
}
const never = new AbortController().signal
const removed = ({ docker }: Fakes): boolean => docker.calls().some(({ args }) => args.join(' ') === 'rm --force --volumes run-eu-control-plane')

test('a cluster is made in the network of the run, with ports on loopback and a kubeconfig of its own', async () => {
  const all = await fakes([])
  expect(all.clusters.version).toBe('0.33.0')
  expect(await all.clusters.create(spec, never)).toEqual({ name: 'run-eu', kubeconfig: spec.kubeconfig, context: 'kind-run-eu', nodes: ['run-eu-control-plane'] })
  const { args, env } = all.kind.calls().at(-1)!
  const config = join(folder, 'eu.kind.yaml')
  expect(args).toEqual(['create', 'cluster', '--name', 'run-eu', '--image', 'node/image:1', '--config', config, '--kubeconfig', spec.kubeconfig, '--wait', '20000ms'])
  expect(env).toMatchObject({ KIND_EXPERIMENTAL_DOCKER_NETWORK: 'run', DOCKER_HOST: 'tcp://10.0.0.1:1' })
  expect(env.PATH.split(':')[0]).toBe(all.docker.folder)
  expect(parse(readFileSync(config, 'utf8'))).toEqual({
    kind: 'Cluster', apiVersion: 'kind.x-k8s.io/v1alpha4', networking: { apiServerAddress: '127.0.0.1' },
    kubeadmConfigPatches: kubeadmPatches.map((patch) => stringify(patch)),
    nodes: [{ role: 'control-plane', extraPortMappings: [{ containerPort: 30_080, hostPort: 13_001, listenAddress: '127.0.0.1', protocol: 'TCP' }] }],
  })
  expect(all.started).toContain('kind run-eu')
  await all.clusters.create({ ...spec, cni: 'image', nodeImage: null }, never)
  expect(parse(readFileSync(config, 'utf8'))).toMatchObject({ networking: { disableDefaultCNI: true } })
  expect(all.kind.calls().at(-1)!.args).not.toContain('--image')
  expect(removed(all)).toBe(false)
})

test('a daemon of this machine is given patches of what kubeadm writes, each a file that a node finds', async () => {
  const all = await fakes([], [], 'unix:///run/docker.sock')
  await all.clusters.create(spec, never)
  const made = parse(readFileSync(join(folder, 'eu.kind.yaml'), 'utf8')) as { kubeadmConfigPatches: string[]; nodes: { extraMounts: { hostPath: string; containerPath: string; readOnly: boolean }[] }[] }
  const [{ hostPath, containerPath, readOnly }] = made.nodes[0].extraMounts
  expect([hostPath, readOnly]).toEqual([join(folder, 'kubeadm-patches'), true])
  expect(made.kubeadmConfigPatches.map((patch) => parse(patch) as object)).toContainEqual({ kind: 'InitConfiguration', patches: { directory: containerPath } })
  expect(readdirSync(hostPath).sort()).toEqual(Object.keys(staticPodPatches).sort())
  // An absent probe would be merged with the one that is there; null takes it away.
  expect(parse(readFileSync(join(hostPath, 'etcd+strategic.yaml'), 'utf8'))).toMatchObject({ spec: { containers: [{ name: 'etcd', readinessProbe: null }] } })
})

test.each<[string, Answer, string, string]>([
  ['never ready', { when: 'create*', stderr: ' ✗ Waiting ≤ 20s for control-plane = Ready\n • WARNING: Timed out waiting for Ready ⚠️' }, 'RGT_CLUSTER', 'not ready after 20 s'],
  ['kubeadm fails', { when: 'create*', code: 1, stderr: 'ERROR: failed to create cluster: failed to init node with kubeadm: command "docker exec" failed\nCommand Output: a\nb\nc\nd\ne' }, 'RGT_CLUSTER', 'could not be made'],
  ['a folder that Docker does not share', { when: 'create*', code: 1, stderr: 'ERROR: failed to create cluster: command "docker run" failed\ndocker: Error response from daemon: Mounts denied: The path /srv/run is not shared from the host' }, 'RGT_CLUSTER', 'could not be made'],
  ['no image of kind\'s own', { when: 'create*', code: 1, stderr: 'ERROR: failed to create cluster: failed to pull image "kindest/node:v1.34.0": exit status 1' }, 'RGT_IMAGE', 'could not be pulled'],
])('%s: a coded error, and nothing is left', async (_, answer, code, message) => {
  const all = await fakes([answer])
  await expect(all.clusters.create({ ...spec, nodeImage: null }, never)).rejects.toMatchObject({
    code, message: expect.stringContaining(message) as string, details: { found: expect.stringMatching(/ERROR|WARNING/) as string, hint: expect.any(String) as string },
  })
  expect(removed(all)).toBe(true)
})

test('kind that hangs is ended when its time is over', async () => {
  const all = await fakes([{ when: 'create*', hangs: true }])
  await expect(all.clusters.create({ ...spec, readyTimeoutMs: 300 }, never)).rejects.toMatchObject({ code: 'RGT_CLUSTER', message: expect.stringContaining('not ready after 0.3 s') as string })
  expect(removed(all)).toBe(true)
})

test('an abort ends kind, removes what there is, and gives the reason', async () => {
  const all = await fakes([{ when: 'create*', hangs: true }])
  const abort = new AbortController()
  const making = all.clusters.create({ ...spec, nodeImage: null }, abort.signal)
  await expect.poll(() => all.started).toContain('kind run-eu')
  abort.abort(new Error('interrupted'))
  await expect(making).rejects.toThrow('interrupted')
  expect(removed(all)).toBe(true)
})

test('a node image that is not to be had is told before kind is asked', async () => {
  const all = await fakes([], [{ when: 'image inspect*', code: 1, stderr: 'Error: No such image: node/image:1' }, { when: 'pull*', code: 1, stderr: 'Error response from daemon: dial tcp: lookup registry-1.docker.io: no such host' }])
  await expect(all.clusters.create(spec, never)).rejects.toMatchObject({ code: 'RGT_IMAGE', details: { hint: expect.stringContaining('REGATTA_KIND_NODE_IMAGE') as string } })
  expect(all.kind.calls().some(({ args }) => args[0] === 'create')).toBe(false)
})

test('a name that makes no host name is refused', async () => {
  const { clusters, kind } = await fakes([])
  await expect(clusters.create({ ...spec, name: 'r'.repeat(50) }, never)).rejects.toMatchObject({ code: 'RGT_CLUSTER' })
  expect(kind.calls()).toHaveLength(1)
})

test('several images are loaded in one call, and a failure says which', async () => {
  const well = await fakes([])
  await well.clusters.load('run-eu', ['a:1', 'b:1'])
  expect(well.kind.calls().at(-1)!.args).toEqual(['load', 'docker-image', 'a:1', 'b:1', '--name', 'run-eu'])
  const badly = await fakes([{ when: 'load*', code: 1, stderr: 'ERROR: image: "a:1" not present locally' }])
  await expect(badly.clusters.load('run-eu', ['a:1'])).rejects.toMatchObject({ code: 'RGT_IMAGE', details: { found: expect.stringContaining('not present locally') as string } })
})

test('a command that is not kind is told', async () => {
  const docker = openDocker({ command: 'docker', host: null })
  await expect(openClusters({ command: '/not/there/kind', docker, host: null })).rejects.toMatchObject({ code: 'RGT_CLUSTER', details: { hint: expect.stringContaining('REGATTA_TOOL_KIND') as string } })
})
