// How one machine delivers each fault primitive, and the table that says so. Links are faulted in the fault
// proxy, places by signals to their processes, services through their control port.

import { topologyError } from '../../errors.ts'
import { whyUnsupported, type Capabilities, type Primitive, type RegionPlace } from '../../primitives.ts'
import { cutsOf } from '../../region-links.ts'
import { regionParts, type Topology } from '../../topology.ts'
import type { LinkBoard, LinkPrimitive } from '../sockets/links.ts'
import type { FaultDesk } from '../sockets/fault-desk.ts'
import type { Supervisor } from '../sockets/processes.ts'
import { openTurns } from '../sockets/turns.ts'
import { openReplacements } from './replacements.ts'

export const localCapabilities: Capabilities = {
  delay: { supported: true, how: 'latency toxic on the fault proxy, each direction apart', symptom: 'the proxy accepts at once; every byte comes later by the delay' },
  throttle: { supported: true, how: 'bandwidth toxic on the fault proxy', symptom: 'bytes come at the given rate' },
  cut: { supported: true, how: 'timeout toxic (black hole) or disabled entry (refuse; closes the way for both directions of connections opened there)', symptom: 'black hole: connections are accepted and stay silent, and are closed at healing; refuse: connection refused, open ones closed' },
  reset: { supported: true, how: 'reset_peer toxic for a moment', symptom: 'open connections are reset; new ones work' },
  pause: { supported: true, how: 'SIGSTOP', symptom: 'the kernel accepts connections, nobody answers' },
  stop: { supported: true, how: 'SIGKILL; healed by starting the same process on the same port', symptom: 'behind the fault proxy: accepted, then closed at once; otherwise refused' },
  degrade: { supported: true, how: 'control port of the echo services', symptom: 'responses come later and some are 500' },
  skew: { supported: false, how: 'processes of one machine share its clock', symptom: 'none' },
  isolate: { supported: true, how: 'a black hole (timeout toxic) on every link of the region, both ways', symptom: 'connections are accepted and stay silent, and are closed at healing' },
  kill: { supported: true, how: 'SIGKILL, and the supervisor starts the same process on the same port at once', symptom: 'as stop, for as long as the start takes' },
  evict: { supported: true, how: 'SIGTERM; when the process has drained and ended, it is started again on the same port', symptom: 'what is in flight is answered; new connections are refused until it listens again' },
  unready: { supported: false, how: 'nothing takes processes out of discovery here', symptom: 'none' },
  loss: { supported: false, how: 'the links are proxies of connections, and packets of loopback are not lost', symptom: 'none' },
}

/** A gateway drains for 5 s at most (`limits.drainMs`). */
const endGraceMs = 8_000

export interface FaultDeskParts {
  topology: Pick<Topology, 'links'>
  links: LinkBoard
  supervisor: Supervisor
  token: string
  /** What is lost with a whole region besides its parts; these processes never say that they are ready. */
  beside?(region: string): string[]
  /** Control port of a region's services. */
  servicesPort(region: string): number
  readyTimeoutMs: number
}

export function openFaultDesk({ topology, links, supervisor, token, beside = () => [], servicesPort, readyTimeoutMs }: FaultDeskParts): FaultDesk {
  const inForce = new Map<string, Primitive>()
  const turns = openTurns()
  /** Processes that were killed or stopped here. */
  const dead = new Set<string>()
  const frozen = new Set<string>()

  const isUnder = (kind: 'pause' | 'stop', name: string): boolean =>
    [...inForce.values()].some((primitive) => primitive.kind === kind && processesAt(primitive.at).includes(name))

  const processesAt = (at: RegionPlace[]): string[] =>
    at.flatMap(({ region, parts }) => [
      ...parts.map((part) => `${part}/${region}`), ...(regionParts.every((part) => parts.includes(part)) ? beside(region) : []),
    ])

  const control = async (region: string, action: 'degrade' | 'restore', body: unknown): Promise<void> => {
    const response = await fetch(`http://127.0.0.1:${servicesPort(region)}/${action}`, {
      method: 'POST', headers: { 'x-regatta-token': token, 'content-type': 'application/json' }, body: JSON.stringify(body),
      signal: AbortSignal.timeout(2000),
    })
    if (!response.ok) {
      throw topologyError('RGT_UNSUPPORTED', `the services of ${region} refused to ${action}`, { found: `${response.status} ${await response.text()}` })
    }
  }

  /** Lays what is in force over the region's services anew, so that overlapping degradations heal in any order. */
  const settleServices = async (region: string): Promise<void> => {
    // What is dead degrades nothing, and is told again when it is back.
    if (isUnder('stop', `services/${region}`)) return
    await control(region, 'restore', { services: null })
    for (const primitive of inForce.values()) {
      if (primitive.kind !== 'degrade') continue
      const { delayMs, errorRate } = primitive
      for (const { services } of primitive.at.filter((one) => one.region === region)) await control(region, 'degrade', { services, delayMs, errorRate })
    }
  }

  /** Brings a process to what the primitives in force say, whatever it was before. */
  const settleProcess = async (name: string): Promise<void> => {
    if (isUnder('stop', name)) {
      if (dead.has(name)) return
      dead.add(name)
      frozen.delete(name)
      await supervisor.kill(name)
      return
    }
    if (dead.delete(name)) {
      supervisor.restart(name)
      await serveAgain(name)
    }
    if (isUnder('pause', name) === frozen.has(name)) return
    if (frozen.delete(name)) supervisor.resume(name)
    else {
      frozen.add(name)
      supervisor.pause(name)
    }
  }

  /** What is started anew forgets what was laid over it, and is told again. */
  const serveAgain = async (name: string): Promise<void> => {
    const [part, region] = name.split('/')
    if (beside(region).includes(name)) return
    await supervisor.ready(name, readyTimeoutMs)
    if (part === 'services') await settleServices(region)
  }

  const settleProcesses = async (at: RegionPlace[]): Promise<void> => {
    await Promise.all(processesAt(at).map((name) => turns.take(name, () => settleProcess(name))))
  }

  const replacements = openReplacements({
    supervisor, turns, graceMs: endGraceMs, isDown: (name) => dead.has(name) || isUnder('stop', name),
    async started(name) {
      frozen.delete(name)
      await serveAgain(name)
      await settleProcess(name)
    },
  })

  const change = async (primitive: Primitive, key: string, healing: boolean): Promise<void> => {
    switch (primitive.kind) {
      case 'delay': case 'throttle': case 'cut': case 'reset':
        await (healing ? links.heal(key) : links.apply(key, primitive as LinkPrimitive))
        return
      case 'isolate':
        await change(cutsOf(topology, primitive), key, healing)
        return
      case 'pause': case 'stop':
        await settleProcesses(primitive.at)
        return
      case 'kill': case 'evict':
        await (healing ? replacements.done(key) : replacements.replace(key, processesAt(primitive.at), primitive.kind))
        return
      case 'degrade':
        await Promise.all(primitive.at.map(({ region }) => turns.take(`services/${region}`, () => settleServices(region))))
        return
      case 'skew': case 'unready': case 'loss':
        throw unsupported(primitive)
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
      // What cannot be put in force needs no healing either.
      if (whyUnsupported(localCapabilities, primitive) !== null) throw unsupported(primitive)
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

const unsupported = (primitive: Primitive) =>
  topologyError('RGT_UNSUPPORTED', `the local substrate cannot ${primitive.kind}`, { hint: whyUnsupported(localCapabilities, primitive) ?? '' })
