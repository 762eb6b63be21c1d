// What the sidecars of a region say and do: whether the gateway's knows every service where it should, and whether those of
// services refuse who comes without an identity.

import { setTimeout as sleep } from 'node:timers/promises'
import { CodedError } from '../../../../gateway/errors.ts'
import { systemClock } from '../../../../gateway/runtime.ts'
import { topologyError } from '../../../errors.ts'
import { fqdn } from '../../../meshes/istio/plan-routing.ts'
import type { IstioRegion } from '../../../meshes/istio/plan.ts'
import type { Topology } from '../../../topology.ts'
import type { Ground } from '../grounds.ts'
import { parseServiceName } from '../../../service-name.ts'
import { partLabel, type RegionPlan } from '../manifests/region.ts'

/** The agent beside Envoy hands out its numbers here, and traffic to it passes no sidecar. */
const statsPort = 15_020
/** Envoy counts what it is told to; by itself the agent has it count next to nothing. */
export const statsAnnotation = { 'proxy.istio.io/config': JSON.stringify({ proxyStatsMatcher: { inclusionRegexps: ['cluster\\.outbound.*membership_.*', 'cluster\\.outbound.*upstream_rq_(total|retry|timeout).*', 'cluster\\.outbound.*outlier_detection.*'] } }) }

export interface Seeing { ground: Ground; plan: RegionPlan; topology: Topology; region: IstioRegion; timeoutMs: number; signal: AbortSignal }

const lookMs = 500
const answerMs = 5_000

/** Resolves when the gateway's sidecar has, for each service, its pods here and one way to each region that may serve it. Throws RGT_MESH. */
export async function seesAll({ ground: { region, api }, plan, topology, region: { local }, timeoutMs, signal }: Seeing): Promise<void> {
  const untilUs = systemClock.nowUs() + timeoutMs * 1000
  const wanted = new Map(topology.services.filter(({ regions }) => regions.includes(region)).map(({ name, replicas, regions }) => {
    const { namespace, name: service, port } = parseServiceName(name)
    const host = fqdn(service, plan.namespaces.ofConfig[namespace])
    return [`outbound|${port}||${host}`, replicas + (local.includes(host) ? 0 : regions.length - 1)] as const
  }))
  for (;;) {
    signal.throwIfAborted()
    const seen = await members({ region, api }, plan)
    const missing = [...wanted].filter(([cluster, count]) => seen.get(cluster) !== count)
    if (missing.length === 0) return
    if (systemClock.nowUs() > untilUs) {
      throw topologyError('RGT_MESH', `the sidecar of ${region}'s gateway does not know all that it should`, {
        expected: missing.slice(0, 5).map(([cluster, count]) => `${cluster}: ${count}`).join(', '),
        found: missing.slice(0, 5).map(([cluster]) => `${cluster}: ${seen.get(cluster) ?? 'unknown'}`).join(', '),
        hint: 'istiod of this region reads the others\' endpoints through the fault proxy: its log says whether it could',
      })
    }
    await sleep(lookMs)
  }
}

async function members({ region, api }: Pick<Ground, 'region' | 'api'>, plan: RegionPlan): Promise<Map<string, number>> {
  const [pod] = await api.pods({ namespace: plan.namespaces.system, labels: { [partLabel]: 'gateway' } })
  if (pod === undefined) throw topologyError('RGT_WORKLOAD', `region ${region} has no gateway pod`)
  // A pod that starts does not answer yet.
  const answer = await api.call({ namespace: pod.namespace, name: pod.name, port: statsPort }, { method: 'GET', path: '/stats/prometheus', headers: {}, timeoutMs: answerMs }).catch(() => null)
  const lines = answer?.status === 200 ? answer.body.matchAll(/^envoy_cluster_membership_total\{[^}]*cluster_name="([^"]+)"[^}]*\}\s+(\d+)/gm) : []
  return new Map([...lines].map(([, cluster, count]) => [cluster.replace(/;.*$/, ''), Number(count)]))
}

/** Speaks plain HTTP to every service's port on its pods; gives how many refused. Throws RGT_MESH when one answers. */
export async function refusesPlainText({ region, api }: Ground, { services, namespaces }: RegionPlan, signal: AbortSignal): Promise<number> {
  let refused = 0
  for (const { configNamespace, bootstrap } of services) {
    const pods = await api.pods({ namespace: namespaces.ofConfig[configNamespace], labels: { [partLabel]: 'services' } })
    for (const pod of pods) {
      for (const { service, port } of bootstrap.endpoints) {
        signal.throwIfAborted()
        const found = await plainAnswer(api, { ...pod, port })
        if (found !== null) throw topologyError('RGT_MESH', `the sidecar of ${service} in ${region} does not refuse plain text`, { expected: 'a closed connection: mutual TLS only', found })
        refused++
      }
    }
  }
  return refused
}

/** null = closed without a word of HTTP, as the API server tells it. */
async function plainAnswer(api: Ground['api'], { namespace, name, port }: { namespace: string; name: string; port: number }): Promise<string | null> {
  try {
    const { status, body } = await api.call({ namespace, name, port }, { method: 'GET', path: '/healthz', headers: {}, timeoutMs: answerMs })
    return closed.test(body) && status >= 500 ? null : `${status} ${body.slice(0, 200)}`
  } catch (error) {
    if (error instanceof CodedError && closed.test(`${error.message} ${error.details.found}`)) return null
    throw error
  }
}

const closed = /connection reset|EOF|error trying to reach service/i
