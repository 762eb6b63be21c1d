// Brings one region from what it is to what is wanted of it, a step at a time. A dead machine has no parts to
// freeze, and a disconnected one no API server to ask, so the order matters.

import { topologyError } from '../../errors.ts'
import { regionParts } from '../../topology.ts'
import type { Nodes } from './nodes.ts'
import type { Life, Part, Wanted } from './wanted.ts'
import type { Workloads } from './workloads.ts'

export interface RegionFaults { settle(wanted: Wanted): Promise<void> }

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
  const whole = JSON.stringify([])
  /** The degradations that services were told. */
  let degraded = whole
  const lives = new Map<Part, Life>()
  const unready = new Set<Part>()

  const tellAll = (state: 'paused' | 'resumed' | 'killed'): void => {
    for (const part of regionParts) tell(part, state)
  }

  const settleMachines = async (wanted: Life): Promise<void> => {
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
      degraded = whole
      loss = null
      disconnected = false
      await workloads.serving(regionParts.filter((part) => lives.get(part) !== 'dead'), then)
    }
    if (wanted === 'frozen') {
      await nodes.freeze()
      tellAll('paused')
    }
  }

  const settlePart = async (part: Part, wanted: Life, away = false): Promise<void> => {
    const before = lives.get(part) ?? 'running'
    if (before === wanted) return
    if (away && wanted === 'dead') throw unreachable(`ending ${part}`)
    // What was scaled away comes back when somebody can be asked for it.
    if (away && before === 'dead') return
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
      if (part === 'services') degraded = whole
      if (part !== 'api-server' && part !== 'dns') await workloads.serving([part], then)
    }
    if (wanted === 'frozen') {
      await workloads.freeze(part)
      tell(part, 'paused')
    }
  }

  /** What goes through the API server besides: labels that discovery reads, and the control port of services. */
  const settleService = async (wanted: Wanted, away: boolean): Promise<void> => {
    const asked = JSON.stringify(wanted.degradations)
    // Dead services are told when they are back.
    const degrade = asked !== degraded && (lives.get('services') ?? 'running') === 'running'
    if (away && ((degrade && asked !== whole) || [...wanted.unready].some((part) => !unready.has(part)))) throw unreachable('a change of workloads')
    if (away) return
    for (const part of new Set([...unready, ...wanted.unready])) {
      if (unready.has(part) === wanted.unready.has(part)) continue
      if (wanted.unready.has(part)) unready.add(part)
      else unready.delete(part)
      await workloads.inService(part, !wanted.unready.has(part))
    }
    if (degrade) {
      degraded = asked
      await workloads.degrade(wanted.degradations)
    }
  }

  const unreachable = (what: string) => topologyError('RGT_UNSUPPORTED', `the API server of ${region} is away, and ${what} goes through it`, {
    hint: 'let one of the two faults be over before the other begins',
  })

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
      await settleMachines(wanted.machines)
      // What is frozen or dead is asked for nothing more; it is settled when it is back.
      if (wanted.machines !== 'running') return
      if (disconnected && !wanted.disconnected) {
        disconnected = false
        await nodes?.connect()
      }
      if (disconnected) return
      // The API server goes last and comes back first, because the others are changed through it.
      const apiServer = wanted.parts.get('api-server') ?? 'running'
      if (apiServer === 'running') await settlePart('api-server', 'running')
      const away = (lives.get('api-server') ?? 'running') !== 'running'
      for (const part of new Set<Part>([...lives.keys(), ...wanted.parts.keys()])) {
        if (part !== 'api-server') await settlePart(part, wanted.parts.get(part) ?? 'running', away)
      }
      await settleService(wanted, away)
      if (apiServer !== 'running') await settlePart('api-server', apiServer)
      await settleNetwork(wanted)
    },
  }
}
