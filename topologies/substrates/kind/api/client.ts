// The client of one region's API server. What is asked and how it is told stands here; how it is kept bounded, read
// and put in order stands in the files beside it.

import { setTimeout as pause } from 'node:timers/promises'
import type { KubernetesObject } from '@kubernetes/client-node'
import { systemClock } from '../../../../gateway/runtime.ts'
import { topologyError } from '../../../errors.ts'
import type { ObjectRef, RegionApi } from './api.ts'
import { applyObjects, fieldManager } from './apply.ts'
import { followPods } from './follow.ts'
import { readKubeconfig, type KubeconfigChoice } from './kubeconfig.ts'
import { listPods, stateOf } from './pods.ts'
import { waitReady } from './readiness.ts'
import { groupPath, openResources, pathOf } from './resources.ts'
import { openTransport, type Answer, type Transport } from './transport.ts'

export interface RegionApiChoice extends KubeconfigChoice { region: string }

const lookMs = 250
/** A namespace goes when everything in it has gone, milliseconds. */
const removedMs = 120_000
const evictedMs = 15_000

/** Throws RGT_KUBECONFIG. Nothing is asked of the server yet. */
export async function openRegionApi({ region, ...choice }: RegionApiChoice): Promise<RegionApi> {
  const transport = openTransport(await readKubeconfig(choice))
  const resources = openResources(transport)
  const following = new Set<{ stop(): void }>()
  const nameOf = ({ kind, namespace, name }: ObjectRef): string => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`

  const read = async (ref: ObjectRef): Promise<KubernetesObject | null> => {
    const resource = await resources.find(ref)
    return resource === null ? null : transport.jsonOrNull({ method: 'GET', path: pathOf(ref, resource), purpose: `read ${nameOf(ref)}` })
  }

  return {
    region, context: transport.context, host: transport.host, read,
    async version() {
      return (await transport.json<{ gitVersion: string }>({ method: 'GET', path: '/version', purpose: 'tell its version' })).gitVersion
    },
    async any(kind) {
      const resource = await resources.find(kind)
      if (resource === null) return false
      const list = await transport.json<{ items: unknown[] }>({ method: 'GET', path: `${groupPath(kind.apiVersion)}/${resource.plural}?limit=1`, purpose: `look for any ${kind.kind}` })
      return list.items.length > 0
    },
    apply: (objects) => applyObjects(transport, resources, objects),
    async remove(ref, { wait = false, graceSeconds } = {}) {
      const resource = await resources.find(ref)
      if (resource === null) return
      const call = {
        method: 'DELETE', path: pathOf(ref, resource), purpose: `remove ${nameOf(ref)}`, headers: { 'content-type': 'application/json' },
        // Who waits wants the pods of a Deployment gone as well.
        body: JSON.stringify({ propagationPolicy: wait ? 'Foreground' : 'Background', ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }) }),
      } as const
      const answer = await transport.ask(call)
      // A namespace that is going already answers 409.
      if (answer.status !== 404 && answer.status !== 409 && answer.status > 299) throw transport.refusal(call, answer)
      if (wait && answer.status !== 404) await untilGone(transport, () => read(ref), nameOf(ref))
    },
    async patch(ref, patch, part) {
      const path = await resources.path(ref)
      await transport.json({
        method: 'PATCH', path: `${path}${part === undefined ? '' : `/${part}`}?fieldManager=${fieldManager}`, purpose: `change ${part ?? 'a part'} of ${nameOf(ref)}`,
        headers: { 'content-type': 'application/merge-patch+json' }, body: JSON.stringify(patch),
      })
    },
    pods: async (selector) => (await listPods(transport, selector)).items.map(stateOf),
    evict: (pod) => evict(transport, pod),
    ready: (deployments, timeoutMs, signal) => waitReady(transport, deployments, timeoutMs, signal),
    follow(selector, line) {
      const follower = followPods(transport, selector, line)
      following.add(follower)
      return {
        stop() {
          follower.stop()
          following.delete(follower)
        },
      }
    },
    async call({ namespace, name, port }, { method, path, headers, body, timeoutMs }) {
      const call = {
        method: method as 'GET', path: `/api/v1/namespaces/${namespace}/pods/${name}:${port}/proxy${path}`, purpose: `${method} ${path} of pod ${name}, port ${port}`,
        headers, timeoutMs, again: false, ...(body === undefined ? {} : { body }),
      }
      const answer = await transport.ask(call)
      if (isOfApiServer(answer)) throw transport.refusal(call, answer)
      return answer
    },
    close() {
      for (const follower of following) follower.stop()
      transport.close()
    },
  }
}

/** The API server tells its own failures as a `Status` object; what a pod answers comes as it is. */
function isOfApiServer({ status, body }: Answer): boolean {
  if (status < 400 || !body.startsWith('{')) return false
  try {
    const { kind, apiVersion } = JSON.parse(body) as { kind?: string; apiVersion?: string }
    return kind === 'Status' && apiVersion === 'v1'
  } catch {
    return false
  }
}

async function untilGone(transport: Transport, read: () => Promise<KubernetesObject | null>, name: string): Promise<void> {
  const untilUs = systemClock.nowUs() + removedMs * 1000
  const uid = (await read())?.metadata?.uid
  for (;;) {
    const found = await read()
    if (found === null || found.metadata?.uid !== uid) return
    if (systemClock.nowUs() > untilUs) {
      throw topologyError('RGT_KUBERNETES', `${name} is not gone`, {
        place: { file: transport.context }, expected: `within ${removedMs / 1000} s`, found: `finalizers: ${found.metadata?.finalizers?.join(', ') ?? 'none'}`,
        hint: 'its conditions say what it waits for',
      })
    }
    await pause(lookMs)
  }
}

async function evict(transport: Transport, { namespace, name }: { namespace: string; name: string }): Promise<void> {
  const untilUs = systemClock.nowUs() + evictedMs * 1000
  const call = {
    method: 'POST', path: `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, purpose: `evict pod ${namespace}/${name}`,
    headers: { 'content-type': 'application/json' }, body: JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name } }), again: false,
  } as const
  for (;;) {
    const answer = await transport.ask(call)
    // 429 is how a disruption budget says no, for now.
    if (answer.status < 300 || answer.status === 404) return
    if (answer.status !== 429 || systemClock.nowUs() > untilUs) throw transport.refusal(call, answer)
    await pause(lookMs)
  }
}
