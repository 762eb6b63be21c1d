// The admin ports of gateways, wherever they run: mapped to loopback where the clusters are ours, through the API server
// where they are not. Through them a start waits until all is steady.

import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../../gateway/runtime.ts'
import { topologyError } from '../../errors.ts'
import { adminAnswerMs, listeningAdmin, type AdminPort } from '../sockets/admin-ports.ts'
import type { GroupEntries } from '../sockets/generator/bootstrap.ts'
import type { RegionApi } from './api/api.ts'
import { apiOf, type Ground } from './grounds.ts'
import type { KindLayout } from './layout.ts'
import { partLabel, podPorts, type RegionPlan } from './manifests/region.ts'
import type { Site } from './site.ts'

function podAdmin({ region, namespaces }: RegionPlan, api: RegionApi, token: string): AdminPort {
  return {
    process: `gateway/${region}`, address: '',
    async ask(method, path) {
      const [pod] = await api.pods({ namespace: namespaces.system, labels: { [partLabel]: 'gateway' } })
      if (pod === undefined) throw topologyError('RGT_WORKLOAD', `region ${region} has no gateway pod`)
      return api.call({ namespace: pod.namespace, name: pod.name, port: podPorts.admin }, {
        method, path, headers: { 'x-regatta-token': token }, timeoutMs: adminAnswerMs,
      })
    },
  }
}

/** Of every edge and every region's gateway. */
export function adminPorts({ token, existing, regionPorts }: Site, layout: KindLayout, grounds: readonly Ground[]): AdminPort[] {
  const here = (process: string, port: number): AdminPort => listeningAdmin(process, { host: '127.0.0.1', port }, token)
  return [
    ...layout.edges.map(({ name, adminPort }) => here(`edge/${name}`, adminPort)),
    ...layout.regions.map((plan) => existing
      ? podAdmin(plan, apiOf(grounds, plan), token)
      : here(`gateway/${plan.region}`, regionPorts[plan.region].admin)),
  ]
}

/** What `/status` tells, as far as it is read here. */
interface Status {
  ready: boolean
  targets: { key: string; state: string }[]
  unavailableServices: string[]
}

const lookMs = 150

/**
 * Resolves when every gateway serves, sees all its targets healthy and can have every service. Only then is a request
 * that fails the fault's doing. Throws RGT_SUBSTRATE_START that says what each gateway was still waiting for.
 */
export async function untilSteady(ports: readonly AdminPort[], timeoutMs: number, signal: AbortSignal): Promise<void> {
  const untilUs = systemClock.nowUs() + timeoutMs * 1000
  await Promise.all(ports.map(async (port) => {
    for (;;) {
      signal.throwIfAborted()
      const wanting = await wantingAt(port)
      if (wanting === null) return
      if (systemClock.nowUs() > untilUs) {
        throw topologyError('RGT_SUBSTRATE_START', `${port.process} was not steady after ${timeoutMs} ms`, {
          expected: 'ready, every target healthy, every service available', found: wanting,
          hint: 'the gateways\' own log lines are in events.ndjson; a node whose ports cannot be reached from the network of the fault proxy looks like this too',
        })
      }
      await sleep(lookMs)
    }
  }))
}

/**
 * Resolves when every way in answers, whatever it says: a Service is known to its node some moments after its pods are
 * ready. Throws RGT_SUBSTRATE_START that names one that does not.
 */
export async function untilAnswering(waysIn: Record<string, GroupEntries>, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const untilUs = systemClock.nowUs() + timeoutMs * 1000
  const all = Object.values(waysIn).flatMap(({ edges, regions }) => [...Object.values(edges), ...Object.values(regions)])
  await Promise.all(all.map(async ({ host, port, gateway }) => {
    for (;;) {
      signal.throwIfAborted()
      const answered = await fetch(`http://${host}:${port}/`, { signal: AbortSignal.timeout(adminAnswerMs) }).then(() => true, () => false)
      if (answered) return
      if (systemClock.nowUs() > untilUs) {
        throw topologyError('RGT_SUBSTRATE_START', `the way in to ${gateway ?? 'a gateway'} did not answer after ${timeoutMs} ms`, {
          expected: 'any answer', found: `none at ${host}:${port}`, hint: 'the node\'s kube-proxy may not run: too few inotify instances on this machine look like this',
        })
      }
      await sleep(lookMs)
    }
  }))
}

async function wantingAt(port: AdminPort): Promise<string | null> {
  try {
    const { status, body } = await port.ask('GET', '/status')
    if (status !== 200) return `status ${status}`
    const { ready, targets, unavailableServices } = JSON.parse(body) as Status
    const ill = targets.filter(({ state }) => state !== 'healthy').map(({ key, state }) => `${key} ${state}`)
    if (!ready) return 'not ready'
    if (targets.length === 0) return 'no targets'
    if (ill.length > 0) return ill.join(', ')
    return unavailableServices.length > 0 ? `unavailable: ${unavailableServices.join(', ')}` : null
  } catch (error) {
    return String(error)
  }
}
