// How clusters deliver each fault primitive, and the table that says so. Links are faulted in the fault proxy; machines
// through the container daemon; workloads through the API server, or by signals to their containers.

import { topologyError } from '../../errors.ts'
import { whyUnsupported, type Capabilities, type Primitive } from '../../primitives.ts'
import { clusterParts, regionParts } from '../../topology.ts'
import type { FaultDesk } from '../sockets/fault-desk.ts'
import type { LinkBoard, LinkPrimitive } from '../sockets/links.ts'
import { openTurns } from '../sockets/turns.ts'
import type { RegionFaults } from './region-faults.ts'
import { partsAt, regionsOf, wantedOf, type Part } from './wanted.ts'
import type { Workloads } from './workloads.ts'

const everyPart = [...regionParts, ...clusterParts]

export const kindCapabilities: Capabilities = {
  delay: { supported: true, how: 'latency toxic on the fault proxy, which runs in a container outside every region; each direction apart', symptom: 'the proxy accepts at once; every byte comes later by the delay' },
  throttle: { supported: true, how: 'bandwidth toxic on the fault proxy', symptom: 'bytes come at the given rate' },
  cut: { supported: true, how: 'timeout toxic (black hole) or disabled entry (refuse; closes the way for both directions of connections opened there)', symptom: 'black hole: connections are accepted and stay silent, and are closed at healing; refuse: connection refused, open ones closed' },
  reset: { supported: true, how: 'reset_peer toxic for a moment', symptom: 'open connections are reset; new ones work' },
  pause: { supported: true, parts: everyPart, how: 'a whole region: its node containers are paused; a part: SIGSTOP to its containers', symptom: 'the kernel accepts connections, nobody answers; a paused part is taken out of discovery when its probe fails' },
  stop: { supported: true, parts: everyPart, how: 'a whole region: SIGKILL to its node containers, which are started again; a part: scaled to none', symptom: 'behind the fault proxy: accepted, then closed at once; otherwise refused' },
  degrade: { supported: true, how: 'control port of the echo services, through the API server', symptom: 'responses come later and some are 500' },
  skew: { supported: false, how: 'nodes and pods share the clock of their machine', symptom: 'none' },
  isolate: { supported: true, how: 'the nodes of the region are paused, or (clusters.isolation: disconnect) drop every packet on their network', symptom: 'connections through the fault proxy are accepted and stay silent' },
  kill: { supported: true, how: 'SIGKILL to the containers of the part; the kubelet starts them again', symptom: 'connections close; refused until the container is back' },
  evict: { supported: true, how: 'the Eviction API, which respects disruption budgets; the Deployment makes another pod', symptom: 'drained, then refused until the new pod is ready' },
  unready: { supported: true, how: 'the label that Services select is taken from the pods', symptom: 'gone from EndpointSlices; open connections serve on' },
  collector: { supported: false, how: 'nothing collects traces of clusters here', symptom: 'none' },
  loss: { supported: true, how: 'netem on the nodes\' network device, where the kernel has it', symptom: 'packets are lost and sent again: slower, at worst silent' },
}

/** What remains where the machines belong to somebody else. */
export const contextCapabilities: Capabilities = {
  ...kindCapabilities,
  pause: { supported: false, how: 'the machines of existing clusters are not touched, and Kubernetes cannot pause a container', symptom: 'none' },
  stop: { ...kindCapabilities.stop, parts: regionParts, how: 'workloads scaled to none, in the run\'s own namespaces' },
  isolate: { ...kindCapabilities.isolate, how: 'black hole on every link of the region in the fault proxy' },
  kill: { ...kindCapabilities.kill, how: 'pods deleted without grace; the Deployment makes others' },
  loss: { supported: false, how: 'the machines of existing clusters are not touched', symptom: 'none' },
}

export interface RegionUnderFault {
  region: string
  faults: RegionFaults
  workloads: Workloads
  tell(part: Part, state: 'killed' | 'exited'): void
}

export interface FaultDeskParts {
  capabilities: Capabilities
  links: LinkBoard
  regions: readonly RegionUnderFault[]
  isolation: 'pause' | 'disconnect'
  /** What stands for `isolate` where machines cannot be touched; null = they can. */
  asLinks: ((primitive: Extract<Primitive, { kind: 'isolate' }>) => LinkPrimitive) | null
}

export function openFaultDesk({ capabilities, links, regions, isolation, asLinks }: FaultDeskParts): FaultDesk {
  const inForce = new Map<string, Primitive>()
  /** By key: how often the processes had said that they are ready, when they were killed or evicted. */
  const ended = new Map<string, Map<string, ReadonlyMap<Part, number>>>()
  const turns = openTurns()

  const regionCalled = (name: string): RegionUnderFault => regions.find(({ region }) => region === name)!
  const settle = async (primitive: Primitive): Promise<void> => {
    await Promise.all(regionsOf(primitive).map((region) => turns.take(region, () => regionCalled(region).faults.settle(wantedOf(region, inForce.values(), isolation)))))
  }

  const once = async (key: string, primitive: Extract<Primitive, { kind: 'kill' | 'evict' }>): Promise<void> => {
    const before = new Map<string, ReadonlyMap<Part, number>>()
    ended.set(key, before)
    await Promise.all(regionsOf(primitive).map((region) => turns.take(region, async () => {
      const { workloads, tell } = regionCalled(region)
      const parts = partsAt(region, primitive.at)
      before.set(region, workloads.readies(parts))
      await Promise.all(parts.map(async (part) => {
        await (primitive.kind === 'kill' ? workloads.kill(part) : workloads.evict(part))
        tell(part, primitive.kind === 'kill' ? 'killed' : 'exited')
      }))
    })))
  }

  const change = async (primitive: Primitive, key: string, healing: boolean): Promise<void> => {
    switch (primitive.kind) {
      case 'delay': case 'throttle': case 'cut': case 'reset':
        await (healing ? links.heal(key) : links.apply(key, primitive))
        return
      case 'kill': case 'evict':
        if (!healing) return once(key, primitive)
        await Promise.all([...ended.get(key) ?? []].map(([region, then]) => regionCalled(region).workloads.serving([...then.keys()], then)))
        ended.delete(key)
        return
      case 'isolate':
        if (asLinks !== null) {
          await (healing ? links.heal(key) : links.apply(key, asLinks(primitive)))
          return
        }
        await settle(primitive)
        return
      default:
        await settle(primitive)
    }
  }

  const heal = async (key: string): Promise<void> => {
    const primitive = inForce.get(key)
    if (primitive === undefined) return
    inForce.delete(key)
    await change(primitive, key, true)
  }

  return {
    async apply(key, primitive) {
      const why = whyUnsupported(capabilities, primitive)
      if (why !== null) throw topologyError('RGT_UNSUPPORTED', `clusters cannot make a ${primitive.kind} here`, { hint: why })
      inForce.set(key, primitive)
      await change(primitive, key, false)
    },
    heal,
    async healAll() {
      const healed = await Promise.allSettled([...inForce.keys()].map(heal))
      const failed = healed.find((one) => one.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    },
  }
}
