// The parts of one region as things to break and mend: containers that are signalled through the nodes, workloads that
// are scaled and labelled through the API server, echo services that are told to be slow or wrong.

import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../../gateway/runtime.ts'
import { topologyError } from '../../errors.ts'
import type { RegionApi, PodState } from './api/api.ts'
import { inServiceLabel, partLabel, podPorts, type RegionPlan } from './manifests/region.ts'
import type { Nodes } from './nodes.ts'
import type { Part, Wanted } from './wanted.ts'

export interface WorkloadParts {
  plan: RegionPlan
  api: RegionApi
  /** null where the machines are not ours to touch. */
  nodes: Nodes | null
  token: string
  readyTimeoutMs: number
  /** How often a part's processes have said that they are ready. */
  readies(part: Part): number
}

interface Workload { namespace: string; name: string }

const lookMs = 100
const manifest = 'kube-apiserver.yaml'
const manifests = '/etc/kubernetes/manifests'
const systemNamespace = 'kube-system'
const dns: Workload = { namespace: systemNamespace, name: 'coredns' }

export interface Workloads {
  freeze(part: Part): Promise<void>
  thaw(part: Part): Promise<void>
  /** Ended, and not started again. */
  end(part: Part): Promise<void>
  revive(part: Part): Promise<void>
  /** Ended once; whoever supervises them starts them again. */
  kill(part: Part): Promise<void>
  evict(part: Part): Promise<void>
  inService(part: Part, on: boolean): Promise<void>
  degrade(degradations: Wanted['degradations']): Promise<void>
  /** Resolves when each part has said `ready` more often than then, and its workloads are ready. Throws RGT_WORKLOAD. */
  serving(parts: readonly Part[], then: ReadonlyMap<Part, number>): Promise<void>
  readies(parts: readonly Part[]): ReadonlyMap<Part, number>
}

export function openWorkloads(parts: WorkloadParts): Workloads {
  const { plan, api, nodes, token, readyTimeoutMs } = parts
  let dnsReplicas = 1

  const workloadsOf = (part: Part): Workload[] => {
    const { system, ofConfig } = plan.namespaces
    switch (part) {
      case 'gateway':
      case 'control-plane': return [{ namespace: system, name: part }]
      case 'services': return plan.services.map(({ name, configNamespace }) => ({ namespace: ofConfig[configNamespace], name }))
      case 'dns': return [dns]
      case 'api-server': return []
    }
  }
  const podsOf = async (part: Part): Promise<PodState[]> => {
    const namespaces = [...new Set(workloadsOf(part).map(({ namespace }) => namespace))]
    return (await Promise.all(namespaces.map((namespace) => api.pods({ namespace, labels: { [partLabel]: part } })))).flat()
  }
  const containersOf = (part: Part) => part === 'api-server' ? [{ container: 'kube-apiserver', namespace: systemNamespace }]
    : part === 'dns' ? [{ container: 'coredns', namespace: systemNamespace }]
      : [...new Set(workloadsOf(part).map(({ namespace }) => namespace))].map((namespace) => ({ container: part as string, namespace }))

  const signal = async (part: Part, which: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): Promise<void> => {
    await Promise.all(containersOf(part).map((query) => machines(part).signal(query, which)))
  }
  const machines = (part: Part): Nodes => {
    if (nodes !== null) return nodes
    throw topologyError('RGT_UNSUPPORTED', `the machines of ${plan.region} are not this run's to touch`, { found: `a fault on ${part} by signal` })
  }
  const scale = (workload: Workload, replicas: number): Promise<void> =>
    api.patch({ apiVersion: 'apps/v1', kind: 'Deployment', ...workload }, { spec: { replicas } }, 'scale')
  const call = async (pod: PodState, path: string, body: unknown): Promise<void> => {
    const { status, body: said } = await api.call({ namespace: pod.namespace, name: pod.name, port: podPorts.servicesControl }, {
      method: 'POST', path, headers: { 'x-regatta-token': token, 'content-type': 'application/json' }, body: JSON.stringify(body), timeoutMs: 5000,
    })
    if (status >= 300) throw topologyError('RGT_UNSUPPORTED', `the services of ${plan.region} refused ${path}`, { found: `${status} ${said.slice(0, 300)}` })
  }

  return {
    freeze: (part) => signal(part, 'SIGSTOP'),
    thaw: (part) => signal(part, 'SIGCONT'),
    async end(part) {
      if (part === 'api-server') {
        // The kubelet starts what stands in this folder, and ends what does not.
        await machines(part).exec(['mv', `${manifests}/${manifest}`, `/etc/kubernetes/${manifest}`])
        await signal(part, 'SIGKILL')
        return
      }
      if (part === 'dns') dnsReplicas = replicasOf(await api.read({ apiVersion: 'apps/v1', kind: 'Deployment', ...dns }))
      const pods = part === 'dns' ? await api.pods({ namespace: systemNamespace, labels: { 'k8s-app': 'kube-dns' } }) : await podsOf(part)
      await Promise.all(workloadsOf(part).map((workload) => scale(workload, 0)))
      await Promise.all(pods.map(({ namespace, name }) => api.remove({ apiVersion: 'v1', kind: 'Pod', namespace, name }, { graceSeconds: 0 })))
    },
    async revive(part) {
      if (part === 'api-server') {
        await machines(part).exec(['mv', `/etc/kubernetes/${manifest}`, `${manifests}/${manifest}`])
        await answering(api, readyTimeoutMs)
        return
      }
      await Promise.all(workloadsOf(part).map((workload) => scale(workload, part === 'dns' ? dnsReplicas : 1)))
    },
    async kill(part) {
      if (nodes !== null) return signal(part, 'SIGKILL')
      await Promise.all((await podsOf(part)).map(({ namespace, name }) => api.remove({ apiVersion: 'v1', kind: 'Pod', namespace, name }, { graceSeconds: 0 })))
    },
    async evict(part) {
      await Promise.all((await podsOf(part)).map((pod) => api.evict(pod)))
    },
    async inService(part, on) {
      await Promise.all((await podsOf(part)).map(({ namespace, name }) =>
        api.patch({ apiVersion: 'v1', kind: 'Pod', namespace, name }, { metadata: { labels: { [inServiceLabel]: String(on) } } })))
    },
    async degrade(degradations) {
      await Promise.all((await podsOf('services')).map(async (pod) => {
        await call(pod, '/restore', { services: null })
        for (const degradation of degradations) await call(pod, '/degrade', degradation)
      }))
    },
    async serving(which, then) {
      const untilUs = systemClock.nowUs() + readyTimeoutMs * 1000
      await answering(api, readyTimeoutMs)
      for (const part of which) {
        while (parts.readies(part) <= (then.get(part) ?? 0)) {
          if (systemClock.nowUs() > untilUs) {
            throw topologyError('RGT_WORKLOAD', `${part}/${plan.region} did not serve again within ${readyTimeoutMs} ms`, { hint: 'its pods and their events say why' })
          }
          await sleep(lookMs)
        }
      }
      await api.ready(which.flatMap(workloadsOf), Math.max(1000, (untilUs - systemClock.nowUs()) / 1000), new AbortController().signal)
    },
    readies: (which) => new Map(which.map((part) => [part, parts.readies(part)])),
  }
}

/** Resolves when the API server answers. Throws RGT_KUBERNETES when it does not in time. */
export async function answering(api: RegionApi, timeoutMs: number): Promise<void> {
  const untilUs = systemClock.nowUs() + timeoutMs * 1000
  for (;;) {
    try {
      await api.version()
      return
    } catch (error) {
      if (systemClock.nowUs() > untilUs) throw error
      await sleep(lookMs)
    }
  }
}

function replicasOf(deployment: object | null): number {
  return (deployment as { spec?: { replicas?: number } } | null)?.spec?.replicas ?? 1
}
