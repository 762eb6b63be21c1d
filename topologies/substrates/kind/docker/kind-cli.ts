// Clusters by the `kind` command: in the run's own network, with a kubeconfig of their own (never the user's), each call
// with an end. What fails or is aborted is taken away again, node by node, which needs no kind.

import { mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { stringify } from 'yaml'
import type { CodedError } from '../../../../gateway/errors.ts'
import { topologyError } from '../../../errors.ts'
import { CommandFailure, runCommand } from '../../../tools/command.ts'
import { kindClusterLabel, removeCluster, type Cluster, type Clusters, type ClusterSpec } from './clusters.ts'
import { lastWords } from './command.ts'
import type { DockerDaemon } from './docker.ts'
import { haveImage } from './have-image.ts'
import { isHere } from './host.ts'
import { kindConfig, longestClusterName } from './kind-config.ts'
import { staticPodPatches } from './quiet.ts'

const answerWithinMs = 10_000
const loadWithinMs = 5 * 60_000
/** A daemon that was asked for a container a moment ago makes it even when the one who asked is gone. */
const settleMs = 500
const imageHint = 'name a node image that is there: REGATTA_KIND_NODE_IMAGE, or let Docker reach a registry: docker pull'

export interface ClustersOptions {
  /** Path of kind. */
  command: string
  docker: DockerDaemon
  /** Path of the docker command that kind is to use. */
  dockerCommand?: string
  host: string | null
  /** kind itself, while it runs: it would go on when this process is killed. */
  started?(pid: number, name: string): void
}

/** Throws RGT_CLUSTER when the command does not say its version. */
export async function openClusters(options: ClustersOptions): Promise<Clusters> {
  const { docker } = options
  const kind = (args: string[], { timeoutMs, network, signal, name = '' }: { timeoutMs: number; network?: string; signal?: AbortSignal; name?: string }): Promise<string> =>
    runCommand(options.command, args, {
      timeoutMs, signal, variables: variablesFor(options, network), started: (pid) => options.started?.(pid, `kind ${name}`),
    }).then(({ output }) => output)
  const version = await kind(['version'], { timeoutMs: answerWithinMs }).then((said) => /v(\d+\.\d+\.\d+)/.exec(said)?.[1] ?? said.trim(), (cause: unknown) => {
    throw topologyError('RGT_CLUSTER', `kind cannot be used: ${options.command}`, { found: String((cause as Error).message), hint: 'name its path: REGATTA_TOOL_KIND', cause })
  })
  return {
    version,
    async create(spec, signal) {
      const { name, network, nodeImage, kubeconfig, readyTimeoutMs } = spec
      refuseLongName(name)
      if (nodeImage !== null) await haveImage(docker, { what: 'node image', image: nodeImage, variable: 'REGATTA_KIND_NODE_IMAGE', signal })
      signal.throwIfAborted()
      const config = `${dirname(kubeconfig)}/${basename(kubeconfig).replace(/\.kubeconfig$/, '')}.kind.yaml`
      // A daemon elsewhere would find no such folder, and make an empty one.
      await writeFile(config, kindConfig(spec, isHere(options.host) ? await writePatches(dirname(kubeconfig)) : null))
      const image = nodeImage === null ? [] : ['--image', nodeImage]
      try {
        const said = await kind(['create', 'cluster', '--name', name, ...image, '--config', config, '--kubeconfig', kubeconfig, '--wait', `${readyTimeoutMs}ms`],
          { timeoutMs: readyTimeoutMs, network, signal, name })
        // kind takes a node that is not ready in time for a warning.
        if (/timed out waiting for ready/i.test(said)) throw neverReady(spec, lastWords(said))
        return await made(docker, spec)
      } catch (error) {
        await sleep(settleMs)
        await removeCluster(docker, name)
        throw error instanceof CommandFailure ? failed(spec, error) : error
      }
    },
    remove: async (name) => void await removeCluster(docker, name),
    async load(name, images) {
      await kind(['load', 'docker-image', ...images, '--name', name], { timeoutMs: loadWithinMs }).catch((error: unknown) => {
        if (!(error instanceof CommandFailure)) throw error
        throw topologyError('RGT_IMAGE', `${images.join(', ')} could not be put into the cluster ${name}`, { found: lastWords(error.output) || error.message, hint: 'docker images; kind get nodes', cause: error })
      })
    },
  }
}

/** One folder for all clusters of a run; each writes the same. */
async function writePatches(workDir: string): Promise<string> {
  const folder = resolve(workDir, 'kubeadm-patches')
  await mkdir(folder, { recursive: true })
  await Promise.all(Object.entries(staticPodPatches).map(([file, patch]) => writeFile(join(folder, file), stringify(patch))))
  return folder
}

async function made(docker: DockerDaemon, { name, kubeconfig }: ClusterSpec): Promise<Cluster> {
  return { name, kubeconfig, context: `kind-${name}`, nodes: await docker.containers(`${kindClusterLabel}=${name}`) }
}

function refuseLongName(name: string): void {
  if (name.length <= longestClusterName) return
  throw topologyError('RGT_CLUSTER', `a cluster cannot be called ${name}`, {
    expected: `at most ${longestClusterName} characters, because its node's host name has at most 63`, found: `${name.length}`, hint: 'give the topology or the region a shorter name',
  })
}

function failed(spec: ClusterSpec, error: CommandFailure): CodedError {
  const found = wordsOf(error)
  if (error.why === 'late') return neverReady(spec, found)
  const details = { found, cause: error }
  if (/failed to pull image|pull access denied|manifest unknown|no such image/i.test(error.output)) {
    return topologyError('RGT_IMAGE', `the node image of cluster ${spec.name} is not here and could not be pulled`, { ...details, hint: imageHint })
  }
  if (/mounts denied|not shared from the host|is not shared/i.test(error.output)) {
    return topologyError('RGT_CLUSTER', `cluster ${spec.name} could not be made`, { ...details, hint: 'Docker may not see this folder: let it share it, or work in one that it shares' })
  }
  return topologyError('RGT_CLUSTER', `cluster ${spec.name} could not be made`, {
    ...details, hint: 'make one by hand to see more: kind create cluster --retain; too many inotify watches and too little memory are common causes',
  })
}

function neverReady({ name, readyTimeoutMs, cni }: ClusterSpec, found: string): CodedError {
  return topologyError('RGT_CLUSTER', `cluster ${name} was not ready after ${readyTimeoutMs / 1000} s`, {
    expected: 'a node in state Ready', found,
    hint: cni === 'image' ? 'the topology says that the node image brings a CNI: `clusters.cni: default` lets kind apply its own' : 'a slow machine needs longer: --ready-within 10m; see what a node waits for: kind create cluster --retain',
  })
}

/** kind says ERROR once, above what its own tools said. */
function wordsOf({ output, message }: CommandFailure): string {
  const problem = output.split('\n').find((line) => line.startsWith('ERROR:'))?.trim()
  const last = lastWords(output)
  return problem === undefined || last.includes(problem) ? last || message : `${problem} | ${last}`.slice(0, 900)
}

function variablesFor({ host, dockerCommand }: ClustersOptions, network: string | undefined): Record<string, string> {
  return {
    KIND_EXPERIMENTAL_PROVIDER: 'docker',
    ...(network === undefined ? {} : { KIND_EXPERIMENTAL_DOCKER_NETWORK: network }),
    ...(host === null ? {} : { DOCKER_HOST: host }),
    // kind looks for docker in PATH.
    ...(dockerCommand === undefined || !dockerCommand.includes('/') ? {} : { PATH: `${dirname(dockerCommand)}:${process.env.PATH ?? ''}` }),
  }
}
