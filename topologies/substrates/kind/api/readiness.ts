// Waits until workloads serve, and says in words what keeps those that do not: what a person would look up with
// `kubectl describe` and `kubectl logs --previous`, before the cluster is gone.

import { setTimeout as pause } from 'node:timers/promises'
import type { CoreV1Event, V1ContainerState, V1Deployment } from '@kubernetes/client-node'
import { systemClock } from '../../../../gateway/runtime.ts'
import { topologyError } from '../../../errors.ts'
import { containerOf, isReady, listPods, type Pod } from './pods.ts'
import { callMs, type Transport } from './transport.ts'

export interface DeploymentName { namespace: string; name: string }

const lookMs = 250
/** Waiting longer changes nothing: the name cannot be an image's, or pulling is forbidden. */
const hopeless = ['InvalidImageName', 'ErrImageNeverPull']
/** One that crashed so often is not going to be ready. */
const mostCrashes = 3
const lastLines = 5
const lastEvents = 3

/** Throws RGT_WORKLOAD; RGT_KUBERNETES when the API server falls silent; the signal's reason. */
export async function waitReady(transport: Transport, deployments: readonly DeploymentName[], timeoutMs: number, signal: AbortSignal): Promise<void> {
  const untilUs = systemClock.nowUs() + timeoutMs * 1000
  let waiting = [...deployments]
  for (;;) {
    signal.throwIfAborted()
    const looked = await Promise.all(waiting.map((name) => look(transport, name, signal)))
    const unready = looked.filter((one) => one !== null)
    if (unready.length === 0) return
    waiting = unready.map(({ deployment }) => deployment)
    const given = unready.filter(({ pods }) => pods.some(isHopeless))
    if (given.length > 0 || systemClock.nowUs() > untilUs) throw await failure(transport, given.length > 0 ? given : unready, timeoutMs)
    await pause(lookMs, undefined, { signal }).catch(() => {})
  }
}

interface Unready { deployment: DeploymentName; found: V1Deployment | null; pods: Pod[] }

/** null when it is ready. */
async function look(transport: Transport, deployment: DeploymentName, signal: AbortSignal): Promise<Unready | null> {
  const { namespace, name } = deployment
  const found = await transport.jsonOrNull<V1Deployment>({
    method: 'GET', path: `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`, purpose: `read Deployment ${namespace}/${name}`, signal,
  })
  if (found === null) return { deployment, found, pods: [] }
  // A pod that is going, or was evicted, is replaced by another one.
  const pods = (await listPods(transport, { namespace, labels: found.spec!.selector.matchLabels ?? {} }, { signal })).items
    .filter(({ metadata, status }) => metadata?.deletionTimestamp === undefined && status?.phase !== 'Failed' && status?.phase !== 'Succeeded')
  const wanted = found.spec!.replicas ?? 1
  const { observedGeneration = 0, updatedReplicas = 0, readyReplicas = 0 } = found.status ?? {}
  const rolledOut = observedGeneration >= (found.metadata!.generation ?? 0) && updatedReplicas >= wanted && readyReplicas >= wanted
  return rolledOut && pods.length >= wanted && pods.every(isReady) ? null : { deployment, found, pods }
}

function isHopeless(pod: Pod): boolean {
  const { status } = containerOf(pod)
  const reason = status?.state?.waiting?.reason ?? ''
  return hopeless.includes(reason) || (reason === 'CrashLoopBackOff' && (status?.restartCount ?? 0) >= mostCrashes)
}

async function failure(transport: Transport, unready: readonly Unready[], timeoutMs: number): Promise<Error> {
  const reasons = await Promise.all(unready.map((one) => reasonOf(transport, one)))
  return topologyError('RGT_WORKLOAD', `${unready.map(({ deployment }) => `${deployment.namespace}/${deployment.name}`).join(', ')} did not become ready`, {
    place: { file: transport.context }, expected: `ready within ${timeoutMs / 1000} s`, found: reasons.join('; '),
    hint: `\`kubectl --context ${transport.context} --namespace ${unready[0].deployment.namespace} describe pods\` shows all of it`,
  })
}

async function reasonOf(transport: Transport, { deployment, found, pods }: Unready): Promise<string> {
  if (found === null) return `${deployment.name}: there is no such Deployment`
  if (pods.length === 0) {
    // What admission refuses (quotas, pod security) never becomes a pod.
    const refusal = found.status?.conditions?.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
    return `${deployment.name}: no pod${refusal === undefined ? '' : `: ${refusal.message ?? refusal.reason}`}`
  }
  const unready = pods.filter((pod) => !isReady(pod))
  if (unready.length === 0) return `${deployment.name}: its newest pods are not rolled out yet`
  return (await Promise.all(unready.map(async (pod) => `pod ${pod.metadata!.name}: ${await wordsOf(transport, pod)}`))).join('; ')
}

async function wordsOf(transport: Transport, pod: Pod): Promise<string> {
  const { name, status } = containerOf(pod)
  const unscheduled = pod.status?.conditions?.find(({ type, status: value }) => type === 'PodScheduled' && value === 'False')
  const said = status === null || (status.restartCount === 0 && status.state?.terminated === undefined) ? '' : await lastWords(transport, pod, name)
  const events = await lastEventsOf(transport, pod)
  return [
    unscheduled === undefined ? inWords(status?.state, status?.lastState) : `${unscheduled.reason}: ${unscheduled.message}`,
    ...(said === '' ? [] : [`last words: ${said}`]),
    ...(events === '' ? [] : [`events: ${events}`]),
  ].join(', ')
}

function inWords(state: V1ContainerState | undefined, before: V1ContainerState | undefined): string {
  const ended = state?.terminated ?? before?.terminated
  const crash = ended === undefined ? '' : `ended with ${ended.reason === undefined || ended.reason === 'Error' ? '' : `${ended.reason}, `}exit code ${ended.exitCode}`
  if (state?.waiting !== undefined) return [`${state.waiting.reason}${state.waiting.message === undefined ? '' : ` (${state.waiting.message})`}`, crash].filter((part) => part !== '').join(', ')
  if (state?.running !== undefined) return ['runs, but its probes do not pass', crash].filter((part) => part !== '').join(', before ')
  return crash === '' ? 'not taken by its node yet' : crash
}

/** Of the container that ended; of the one that runs when none has. A reason for a failure may not become one. */
async function lastWords(transport: Transport, { metadata }: Pod, container: string): Promise<string> {
  for (const previous of [true, false]) {
    const path = `/api/v1/namespaces/${metadata!.namespace}/pods/${metadata!.name}/log?container=${container}&tailLines=${lastLines}&previous=${previous}`
    const answer = await transport.ask({ method: 'GET', path, purpose: `read the last lines of ${metadata!.name}`, again: false, timeoutMs: callMs / 2 }).catch(() => null)
    // A node that has removed a log says so in place of it, with the same status.
    if (answer?.status === 200 && answer.body.trim() !== '' && !answer.body.startsWith('unable to retrieve container logs')) return answer.body.trim().split('\n').join(' | ')
  }
  return ''
}

async function lastEventsOf(transport: Transport, { metadata }: Pod): Promise<string> {
  const selector = encodeURIComponent(`involvedObject.uid=${metadata!.uid}`)
  const answer = await transport.ask({
    method: 'GET', path: `/api/v1/namespaces/${metadata!.namespace}/events?fieldSelector=${selector}`, purpose: `read events of ${metadata!.name}`,
    again: false, timeoutMs: callMs / 2,
  }).catch(() => null)
  if (answer?.status !== 200) return ''
  const { items } = JSON.parse(answer.body) as { items: CoreV1Event[] }
  const time = ({ lastTimestamp, eventTime, metadata: own }: CoreV1Event): string => String(lastTimestamp ?? eventTime ?? own.creationTimestamp ?? '')
  return items.filter(({ type }) => type === 'Warning').sort((a, b) => (time(a) < time(b) ? -1 : 1))
    .slice(-lastEvents).map(({ reason, message }) => `${reason}: ${message}`).join(' | ')
}
