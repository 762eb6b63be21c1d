// The processes of the simulated world: gateways, services and control planes of regions, as something that runs, is
// paused, or was killed and starts again.

import type { GatewayEvent } from '../../../gateway/ports.ts'
import type { Snapshot } from '../../../gateway/snapshot/snapshot.ts'
import type { HistoryEvent } from '../../history.ts'
import type { RegionPart } from '../../topology.ts'
import type { Control } from './control.ts'
import type { Clocks } from './clocks.ts'
import type { Clients } from './clients.ts'
import type { Engine } from './engine/engine.ts'
import { ProcessState, type SimulatedGateway } from './gateway.ts'
import type { SimulationModel } from './model.ts'
import type { Outages } from './outages.ts'
import type { Pools } from './pools.ts'
import type { Probes } from './probes.ts'
import { ServicesState, type Services } from './services.ts'
import type { Watches } from './watches.ts'

export type Wanted = keyof typeof ProcessState

export interface Processes {
  /** Brings a process to a state; calls back when it is there (a killed one needs its time to start). */
  settle(part: RegionPart, region: number, wanted: Wanted, done: () => void): void
  /** A gateway has applied its first snapshot since it was started. */
  gatewayReady(gateway: SimulatedGateway): void
}

export interface ProcessesParts {
  engine: Engine
  model: SimulationModel
  regions: readonly string[]
  gateways: readonly SimulatedGateway[]
  services: Services
  outages: Outages
  probes: Probes
  watches: Watches
  clients(): Clients | null
  clocks: Clocks
  control: Control
  pools: Pools
  serve(gateway: SimulatedGateway, snapshot: Snapshot): void
  tell(source: string, event: GatewayEvent): void
  note(event: HistoryEvent): void
}

/** A gateway that no control plane answers in this time serves the last snapshot that it had (gateway/dataplane/main.ts). */
const lastGoodMs = 1_500

export function openProcesses(parts: ProcessesParts): Processes {
  const { engine, model, gateways, services, outages, probes, clocks, control, pools, regions } = parts
  const states = new Map<string, Wanted>()
  /** So often was it started: what an earlier start still has to do is nobody's any more. */
  const births = new Map<string, number>()
  /** What waits for a process to serve again. */
  const starting = new Map<string, (() => void)[]>()

  const note = (process: string, state: 'started' | 'ready' | 'paused' | 'resumed' | 'killed'): void =>
    parts.note({ atUs: engine.nowUs, source: 'run', kind: 'process', process, state, pid: 0 })

  const ready = (process: string): void => {
    const waiting = starting.get(process)
    if (waiting === undefined) return
    starting.delete(process)
    note(process, 'ready')
    for (const done of waiting) done()
  }

  const kill = (part: RegionPart, region: number): void => {
    if (part === 'gateway') {
      const gateway = gateways[region]
      gateway.state = ProcessState.stopped
      outages.killGateway(gateway, (client) => parts.clients()?.closed(client))
      probes.killGateway(gateway)
      parts.watches.forget(gateway)
      pools.forget(region)
      control.stop(gateway.place.source)
    } else if (part === 'services') {
      services.state[region] = ServicesState.stopped
      services.forget(region)
      outages.killServices(region)
      probes.killServices(region)
    } else control.stop(`control-plane/${regions[region]}`)
  }

  const restart = (part: RegionPart, region: number, process: string): void => {
    const afterUs = part === 'gateway' ? model.restartUs.gateway : part === 'services' ? model.restartUs.services : model.restartUs.controlPlane
    const birth = (births.get(process) ?? 0) + 1
    births.set(process, birth)
    note(process, 'started')
    engine.scheduler.after(afterUs / 1000, () => {
      // Killed again before it was up.
      if (states.get(process) === 'stopped' || births.get(process) !== birth) return
      if (part === 'gateway') startGateway(gateways[region])
      else if (part === 'services') services.state[region] = ServicesState.running
      else control.restart(process)
      if (part !== 'gateway') ready(process)
      // Asked for while it was starting.
      if (states.get(process) === 'paused') setPaused(part, region, process, true)
    })
  }

  const startGateway = (gateway: SimulatedGateway): void => {
    const lastGood = gateway.snapshot
    const { source } = gateway.place
    const birth = births.get(source)
    gateway.reborn(engine.nowUs)
    gateway.state = ProcessState.running
    clocks.start(gateway)
    control.restart(source)
    engine.scheduler.after(lastGoodMs, () => {
      if (gateway.state !== ProcessState.running || births.get(source) !== birth || gateway.snapshot !== null || lastGood === null) return
      parts.tell(source, {
        atUs: engine.nowUs, kind: 'log', level: 'warn', code: 'RGT_NOT_READY',
        message: `no control plane has answered: serving the last good snapshot, revision ${lastGood.revision}`,
      })
      parts.serve(gateway, lastGood)
    })
  }

  const setPaused = (part: RegionPart, region: number, process: string, paused: boolean): void => {
    note(process, paused ? 'paused' : 'resumed')
    if (part === 'gateway') {
      const gateway = gateways[region]
      gateway.state = paused ? ProcessState.paused : ProcessState.running
      if (paused) control.pause(gateway.place.source)
      else {
        replay(gateway.heldTimers.splice(0))
        replay(gateway.held.splice(0))
        control.resume(gateway.place.source)
      }
    } else if (part === 'services') {
      services.state[region] = paused ? ServicesState.paused : ServicesState.running
      if (paused) return
      outages.wakeServices(region)
      probes.wakeServices(region)
    } else if (paused) control.pause(process)
    else control.resume(process)
  }

  /** What a process did not see while it stood still, timers first, as its event loop takes them. */
  const replay = (held: readonly number[]): void => {
    for (let at = 0; at < held.length; at += 3) engine.post(engine.nowUs, held[at], held[at + 1], held[at + 2])
  }

  return {
    settle(part, region, wanted, done) {
      const process = `${part}/${regions[region]}`
      const now = states.get(process) ?? 'running'
      if (now === wanted) {
        const waiting = wanted === 'stopped' ? undefined : starting.get(process)
        return waiting === undefined ? done() : void waiting.push(done)
      }
      states.set(process, wanted)
      if (wanted === 'stopped') {
        note(process, 'killed')
        kill(part, region)
        return done()
      }
      if (now === 'stopped') {
        // Killed while it was starting: who waited for that start waits for this one.
        starting.set(process, [...(starting.get(process) ?? []), done])
        return restart(part, region, process)
      }
      setPaused(part, region, process, wanted === 'paused')
      done()
    },
    gatewayReady: (gateway) => ready(`gateway/${gateway.place.name}`),
  }
}
