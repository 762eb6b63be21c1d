// What becomes of a TestRun's pods, told early: an image that cannot be had or a suite that throws is an error at
// once, and not after the longest wait.

import type { KubernetesObject } from '@kubernetes/client-node'
import type { CodedError } from '../../../../gateway/errors.ts'
import { topologyError } from '../../../errors.ts'
import type { RegionApi } from '../api/api.ts'
import { podLabels, testRunRefs, type TestRun, type TestRunStage } from './manifests.ts'

export type PodPart = 'initializer' | 'starter' | 'runner'

export interface PodSight {
  name: string
  part: PodPart
  /** Why it does not start; null when nothing is known to be wrong. */
  waiting: string | null
  /** null while it runs or has not begun. */
  exitCode: number | null
}

export interface Sight { stage: TestRunStage | undefined; pods: PodSight[] }

interface PodObject extends KubernetesObject {
  status?: {
    conditions?: { type: string; status: string; message?: string }[]
    containerStatuses?: { state?: { waiting?: { reason?: string; message?: string }; terminated?: { exitCode: number } } }[]
  }
}

/** Reasons that do not pass by themselves. */
const hopeless = new Set(['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'InvalidImageName', 'CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'])

export async function look(api: RegionApi, namespace: string, name: string): Promise<Sight> {
  const [testRun, found] = await Promise.all([api.read(testRunRefs(namespace, name)[0]), api.pods({ namespace, labels: podLabels(name) })])
  const pods = await Promise.all(found.map(async (pod): Promise<PodSight | null> => {
    const object = await api.read({ apiVersion: 'v1', kind: 'Pod', namespace, name: pod.name }) as PodObject | null
    return object === null ? null : sightOf(object, name)
  }))
  return { stage: (testRun as TestRun | null)?.status?.stage, pods: pods.filter((pod) => pod !== null) }
}

function sightOf({ metadata, status }: PodObject, testRun: string): PodSight {
  const name = metadata!.name!
  const [{ state }] = status?.containerStatuses ?? [{ state: undefined }]
  const { waiting, terminated } = state ?? {}
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False')
  const why = waiting?.reason !== undefined && hopeless.has(waiting.reason) ? `${waiting.reason} ${waiting.message ?? ''}`.trim()
    : unscheduled === undefined ? null : `unschedulable: ${unscheduled.message ?? 'no reason given'}`
  return { name, part: partOf(name, testRun), waiting: why, exitCode: terminated?.exitCode ?? null }
}

export function partOf(pod: string, testRun: string): PodPart {
  const rest = pod.slice(testRun.length + 1)
  return rest.startsWith('initializer') ? 'initializer' : rest.startsWith('starter') ? 'starter' : 'runner'
}

/** What is wrong beyond repair; null when waiting may still help. `words`: last words of a pod. The starter has no part in it. */
export function verdictOf({ stage, pods }: Sight, load: string, words: (part: PodPart) => string): CodedError | null {
  const stuck = pods.find(({ part, waiting }) => part !== 'starter' && waiting !== null && !waiting.startsWith('unschedulable'))
  if (stuck !== undefined) {
    return topologyError('RGT_TEST_RUN', `a pod of load ${load} cannot start`, {
      found: `${stuck.name}: ${stuck.waiting}`, hint: 'an image with `k6` and a shell, that the nodes can pull or hold already',
    })
  }
  const ended = pods.find(({ part, exitCode }) => part === 'runner' && exitCode !== null)
  if (ended !== undefined) {
    return topologyError('RGT_TEST_RUN', `a k6 of load ${load} ended before it was told to start`, { found: `${ended.name} ended with exit code ${ended.exitCode}: ${words('runner')}` })
  }
  if (stage !== 'error') return null
  return topologyError('RGT_TEST_RUN', `k6-operator gave up load ${load}`, {
    found: words('initializer'), hint: 'the suite throws while it is loaded, or `parallelism` is larger than its number of VUs',
  })
}

/** A registry may be slow to answer, and pulls are tried again: what is wrong now may still come right. */
export function mayPass({ pods }: Sight): boolean {
  const stuck = pods.filter(({ part, waiting }) => part !== 'starter' && waiting !== null)
  return stuck.length > 0 && stuck.every(({ waiting }) => /^(ErrImagePull|ImagePullBackOff)\b/.test(waiting!)) && pods.every(({ part, exitCode }) => part !== 'runner' || exitCode === null)
}

/** For one that never started: as much as can be seen. */
export function describe({ stage, pods }: Sight): string {
  const seen = pods.filter(({ part }) => part !== 'starter').map(({ name, waiting, exitCode }) => `${name}${waiting === null ? '' : ` (${waiting})`}${exitCode === null ? '' : ` (ended with ${exitCode})`}`)
  return `stage ${stage ?? 'none: is the operator running?'}; pods: ${seen.length === 0 ? 'none' : seen.join(', ')}`
}
