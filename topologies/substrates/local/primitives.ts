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
  collector: { supported: true, how: 'where a run is traced: SIGTERM to the collector (refuse), healed by starting it again on the same ports; SIGSTOP (hang)', symptom: 'no request notices; gateways lose spans and say so' },
  loss: { supported: false, how: 'the links are proxies of connections, and packets of loopback are not lost', symptom: 'none' },
}

const withoutCollector: Capabilities = {
  ...localCapabilities, collector: { supported: false, how: 'nothing is traced in this run, so there is no collector', symptom: 'none' },
}

/** What one run can do. */
export const capabilitiesOf = (collector: RunningCollector | null): Capabilities => (collector === null ? withoutCollector : localCapabilities)

/** What gateways export to. */
export interface RunningCollector {
  process: string
  /** Resolves when it takes spans again. */
  ready(): Promise<void>
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
  /** Null = nothing is traced. */
  collector?: RunningCollector | null
  readyTimeoutMs: number
}

export function openFaultDesk({ topology, links, supervisor, token, beside = () => [], collector = null, servicesPort, readyTimeoutMs }: FaultDeskParts): FaultDesk {
  const inForce = new Map<string, Primitive>()
  const turns = openTurns()
  /** Processes that were killed or stopped here. */
  const dead = new Set<string>()
  const frozen = new Set<string>()

  const isUnder = (kind: 'pause' | 'stop', name: string): boolean => [...inForce.values()].some((primitive) => (primitive.kind === 'collector'
    ? name === collector?.process && kind === (primitive.mode === 'hang' ? 'pause' : 'stop')
    : primitive.kind === kind && processesAt(primitive.at).includes(name)))

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

  /** The collector has taken spans that it has not told yet: it ends politely. */
  const end = async (name: string): Promise<void> => {
    const wasFrozen = frozen.delete(name)
    if (name !== collector?.process) return supervisor.kill(name)
    if (wasFrozen) supervisor.resume(name)
    return supervisor.end(name, endGraceMs)
  }

  /** Brings a process to what the primitives in force say, whatever it was before. */
  const settleProcess = async (name: string): Promise<void> => {
    if (isUnder('stop', name)) {
      if (dead.has(name)) return
      dead.add(name)
      await end(name)
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
    if (name === collector?.process) return collector.ready()
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
      case 'collector':
        if (collector !== null) await turns.take(collector.process, () => settleProcess(collector.process))
        return
      case 'skew': case 'unready': case 'loss':
        throw unsupported(primitive, localCapabilities[primitive.kind].how)
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
      const why = whyUnsupported(capabilitiesOf(collector), primitive)
      if (why !== null) throw unsupported(primitive, why)
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

const unsupported = (primitive: Primitive, hint: string) =>
  topologyError('RGT_UNSUPPORTED', `the local substrate cannot make a ${primitive.kind} here`, { hint })
