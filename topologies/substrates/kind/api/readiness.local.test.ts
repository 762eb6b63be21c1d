// Waiting for workloads: when it ends, and in which words it says what keeps them.

import { describe, expect, it } from 'vitest'
import { playServer, status, type Handler } from './api-server.case.ts'
import { openRegionApi } from './client.ts'

const deployment = (ready: boolean, more: object = {}): object => ({
  metadata: { name: 'gateway', generation: 2 }, spec: { replicas: 1, selector: { matchLabels: { a: 'b' } } },
  status: { observedGeneration: 2, updatedReplicas: 1, readyReplicas: ready ? 1 : 0, ...more },
})
const pod = (containerStatus: object | null, more: object = {}): object => ({
  metadata: { name: 'gateway-1', namespace: 'system', uid: 'u' }, spec: { containers: [{ name: 'gateway' }] },
  status: { conditions: [{ type: 'Ready', status: 'False' }], ...(containerStatus === null ? {} : { containerStatuses: [{ name: 'gateway', restartCount: 0, ...containerStatus }] }), ...more },
})
const readyPod = pod({ state: { running: {} } }, { conditions: [{ type: 'Ready', status: 'True' }] })

/** A server with one Deployment, its pods, what its containers said and the events of its pods. */
const play = ({ found, pods, log = '', events = [] }: { found: () => object | null; pods: () => object[]; log?: string; events?: object[] }): Handler => ({ path }) => {
  if (path.endsWith('/deployments/gateway')) return found() === null ? status(404, 'not found') : { status: 200, body: found()! }
  if (path.endsWith('/log')) return { status: 200, body: log }
  if (path.endsWith('/events')) return { status: 200, body: { items: events } }
  return { status: 200, body: { items: pods() } }
}

async function waited(handler: Handler, { timeoutMs = 300, signal = new AbortController().signal } = {}): Promise<unknown> {
  await using played = await playServer(handler)
  const api = await openRegionApi({ region: 'eu-west', kubeconfig: played.kubeconfig })
  try {
    return await api.ready([{ namespace: 'system', name: 'gateway' }], timeoutMs, signal).then(() => 'ready', (error: unknown) => error)
  } finally {
    api.close()
  }
}

const because = (found: string | RegExp) => ({
  code: 'RGT_WORKLOAD', message: 'system/gateway did not become ready',
  details: { place: { file: 'played' }, found: typeof found === 'string' ? found : expect.stringMatching(found), hint: expect.stringContaining('kubectl --context played --namespace system') },
})

describe('ready', () => {
  it('is when the newest generation is rolled out and every pod that stays is ready', async () => {
    let looked = 0
    const going = { ...pod({}), metadata: { name: 'old', namespace: 'system', uid: 'o', deletionTimestamp: 'now' } }
    const evicted = pod({}, { phase: 'Failed' })
    expect(await waited(play({ found: () => deployment(++looked > 2), pods: () => [readyPod, going, evicted] }), { timeoutMs: 10_000 })).toBe('ready')
    expect(looked).toBeGreaterThan(2)
  })

  it('is not while the controller has not seen the newest generation, or a pod is still there that is not ready', async () => {
    expect(await waited(play({ found: () => deployment(true, { observedGeneration: 1 }), pods: () => [readyPod] }))).toMatchObject(because('gateway: its newest pods are not rolled out yet'))
    expect(await waited(play({ found: () => deployment(true), pods: () => [readyPod, pod({ state: { running: {} } })] }))).toMatchObject(because(/pod gateway-1: runs, but its probes do not pass/))
  })

  it('ends with the reason of the signal', async () => {
    const reason = new Error('enough')
    expect(await waited(play({ found: () => deployment(false), pods: () => [] }), { timeoutMs: 10_000, signal: AbortSignal.abort(reason) })).toBe(reason)
  })
})

describe('what is not ready', () => {
  it.each<[string, Parameters<typeof play>[0], string | RegExp]>([
    ['is not there', { found: () => null, pods: () => [] }, 'gateway: there is no such Deployment'],
    [
      'was refused by admission',
      { found: () => deployment(false, { conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'violates PodSecurity "restricted:latest"' }] }), pods: () => [] },
      'gateway: no pod: violates PodSecurity "restricted:latest"',
    ],
    [
      'finds no node', { found: () => deployment(false), pods: () => [pod(null, { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes: Insufficient memory' }] })] },
      'pod gateway-1: Unschedulable: 0/1 nodes: Insufficient memory',
    ],
    [
      'has no image', { found: () => deployment(false), pods: () => [pod({ state: { waiting: { reason: 'ImagePullBackOff', message: 'pull access denied' } } })], events: [
        { type: 'Warning', reason: 'Failed', message: 'second', lastTimestamp: '2026-01-01T00:00:02Z' }, { type: 'Normal', reason: 'Pulling', message: 'no' },
        { type: 'Warning', reason: 'Failed', message: 'first', lastTimestamp: '2026-01-01T00:00:01Z' },
      ] },
      'pod gateway-1: ImagePullBackOff (pull access denied), events: Failed: first | Failed: second',
    ],
    [
      'crashed', { found: () => deployment(false), pods: () => [pod({ restartCount: 1, state: { running: {} }, lastState: { terminated: { exitCode: 4, reason: 'Error' } } })], log: 'RGT_BOOTSTRAP: no\n  found: x\n' },
      'pod gateway-1: runs, but its probes do not pass, before ended with exit code 4, last words: RGT_BOOTSTRAP: no |   found: x',
    ],
    ['ran out of memory', { found: () => deployment(false), pods: () => [pod({ state: { terminated: { exitCode: 137, reason: 'OOMKilled' } } })] }, 'pod gateway-1: ended with OOMKilled, exit code 137'],
  ])('%s: that is said', async (_, world, found) => expect(await waited(play(world))).toMatchObject(because(found)))

  it.each([
    ['an image that may not be pulled', { state: { waiting: { reason: 'ErrImageNeverPull' } } }],
    ['a container that crashes again and again', { restartCount: 3, state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1 } } }],
  ])('%s is given up at once', async (_, containerStatus) => {
    expect(await waited(play({ found: () => deployment(false), pods: () => [pod(containerStatus)] }), { timeoutMs: 3_600_000 })).toMatchObject({ code: 'RGT_WORKLOAD' })
  })
})
