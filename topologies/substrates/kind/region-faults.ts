// Brings one region from what it is to what is wanted of it, a step at a time. A dead machine has no parts to
// freeze, and a disconnected one no API server to ask, so the order matters.

import { isDeepStrictEqual } from 'node:util'
import { topologyError } from '../../errors.ts'
import { regionParts } from '../../topology.ts'
import type { Nodes } from './nodes.ts'
import type { Life, Part, Wanted } from './wanted.ts'
import type { Workloads } from './workloads.ts'

export interface RegionFaults {
  /**
   * Throws RGT_UNSUPPORTED, with nothing changed, when what is wanted goes through an API server that is away. Less
   * than before can always be wanted.
   */
  settle(wanted: Wanted): Promise<void>
}

export interface RegionFaultParts {
  region: string
  workloads: Workloads
  /** null where the machines are not ours to touch: then nothing may be wanted of them. */
  nodes: Nodes | null
  /** Something happened to the processes of a part. */
  tell(part: Part, state: 'paused' | 'resumed' | 'killed'): void
}

export function openRegionFaults({ region, workloads, nodes, tell }: RegionFaultParts): RegionFaults {
  let machines: Life = 'running'
  let disconnected = false
  let loss: number | null = null
  /** What services were told. */
  let degraded: Wanted['degradations'] = []
  const lives = new Map<Part, Life>()
  const unready = new Set<Part>()

  const lifeOf = (part: Part): Life => lives.get(part) ?? 'running'
  const tellAll = (state: 'paused' | 'resumed' | 'killed'): void => {
    for (const part of regionParts) tell(part, state)
  }

  const settleMachines = async ({ machines: wanted, parts }: Wanted): Promise<void> => {
    if (nodes === null || machines === wanted) return
    const before = machines
    machines = wanted
    if (before === 'frozen') {
      await nodes.thaw()
      tellAll('resumed')
    }
    if (wanted === 'dead') {
      await nodes.kill()
      tellAll('killed')
    }
    if (before === 'dead') {
      const then = workloads.readies(regionParts)
      await nodes.start()
      // Containers are new, and so neither frozen nor degraded; how far workloads are scaled is kept by the API server.
      for (const [part, life] of lives) if (life === 'frozen') lives.delete(part)
      degraded = []
      loss = null
      disconnected = false
      if (!parts.has('api-server')) await settlePart('api-server', 'running')
      await workloads.serving(regionParts.filter((part) => lives.get(part) !== 'dead'), then)
    }
    if (wanted === 'frozen') {
      await nodes.freeze()
      tellAll('paused')
    }
  }

  const settlePart = async (part: Part, wanted: Life, away = false): Promise<void> => {
    const before = lifeOf(part)
    // What was scaled away comes back when somebody can be asked for it.
    if (before === wanted || (away && before === 'dead')) return
    lives.set(part, wanted)
    if (before === 'frozen') {
      await workloads.thaw(part)
      tell(part, 'resumed')
    }
    if (wanted === 'dead') {
      await workloads.end(part)
      tell(part, 'killed')
    }
    if (before === 'dead') {
      const then = workloads.readies([part])
      await workloads.revive(part)
      if (part === 'services') degraded = []
      if (part !== 'api-server' && part !== 'dns') await workloads.serving([part], then)
    }
    if (wanted === 'frozen') {
      await workloads.freeze(part)
      tell(part, 'paused')
    }
  }

  /** What goes through the API server besides: labels that discovery reads, and the control port of services. */
  const settleService = async (wanted: Wanted): Promise<void> => {
    for (const part of new Set([...unready, ...wanted.unready])) {
      if (unready.has(part) === wanted.unready.has(part)) continue
      if (wanted.unready.has(part)) unready.add(part)
      else unready.delete(part)
      await workloads.inService(part, !wanted.unready.has(part))
    }
    // Services that are dead or frozen are told when they are back.
    if (lifeOf('services') === 'running' && !isDeepStrictEqual(degraded, wanted.degradations)) {
      degraded = wanted.degradations
      await workloads.degrade(wanted.degradations)
    }
  }

  /** What is wanted, and could not be had while the API server is away; null = nothing. */
  const outOfReach = (wanted: Wanted): string | null => {
    const apiServer = lifeOf('api-server')
    if (lifeIn(wanted, 'api-server') === 'running') return null
    const worseServices = wanted.degradations.some((one) => !degraded.some((told) => isDeepStrictEqual(told, one)))
    const restarts = machines === 'dead' || wanted.machines === 'dead'
    if (restarts) return apiServer === 'dead' ? 'starting its machines again' : null
    // What is frozen cannot be told before the API server goes.
    if (worseServices && lifeOf('services') === 'frozen') return 'a degradation of frozen services'
    if (apiServer === 'running') return null
    const ending = [...wanted.parts].find(([part, life]) => part !== 'api-server' && life === 'dead' && lifeOf(part) !== 'dead')
    if (ending !== undefined) return `ending ${ending[0]}`
    if (worseServices && lifeOf('services') !== 'dead') return 'a degradation of services'
    return [...wanted.unready].some((part) => !unready.has(part)) ? 'taking pods out of service' : null
  }

  const settleNetwork = async (wanted: Wanted): Promise<void> => {
    if (nodes === null) return
    if (loss !== wanted.loss) {
      loss = wanted.loss
      await nodes.lose(loss)
    }
    if (wanted.disconnected && !disconnected) {
      disconnected = true
      await nodes.disconnect()
    }
  }

  return {
    async settle(wanted) {
      const beyond = outOfReach(wanted)
      if (beyond !== null) {
        throw topologyError('RGT_UNSUPPORTED', `the API server of ${region} is away, and ${beyond} goes through it`, {
          hint: 'let one of the two faults be over before the other begins',
        })
      }
      await settleMachines(wanted)
      // What is frozen or dead is asked for nothing more; it is settled when it is back.
      if (wanted.machines !== 'running') return
      if (disconnected && !wanted.disconnected) {
        disconnected = false
        await nodes?.connect()
      }
      if (disconnected) return
      // The API server comes back first and goes last, because the others are changed through it; what freezes does so
      // when it has been told everything.
      if (lifeIn(wanted, 'api-server') === 'running') await settlePart('api-server', 'running')
      const away = lifeOf('api-server') !== 'running'
      const others = [...new Set<Part>([...lives.keys(), ...wanted.parts.keys()])].filter((part) => part !== 'api-server')
      for (const part of others) {
        const life = lifeIn(wanted, part)
        await settlePart(part, life === 'frozen' && lifeOf(part) !== 'frozen' ? 'running' : life, away)
      }
      if (!away) await settleService(wanted)
      for (const part of others) await settlePart(part, lifeIn(wanted, part), away)
      await settlePart('api-server', lifeIn(wanted, 'api-server'))
      await settleNetwork(wanted)
    },
  }
}

const lifeIn = (wanted: Wanted, part: Part): Life => wanted.parts.get(part) ?? 'running'
