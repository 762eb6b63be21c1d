// A topology in virtual time: what was declared becomes events of the engine, and the run is as long as it takes to
// handle them. Now and then the event loop is let in, so that an interrupt is heard.

import { performance } from 'node:perf_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import type { ConfigDocument } from '../../../gateway/controlplane/protocol.ts'
import { topologyError } from '../../errors.ts'
import type { HistorySink } from '../../history.ts'
import type { Deployment, Inventory, LoadSpec, StartRequest, Step } from '../../substrate.ts'
import { simulatedCapabilities } from './faults.ts'
import { ProcessState } from './gateway.ts'
import { Kind } from './kinds.ts'
import { createWorld, type World } from './world.ts'

/** Virtual time in which control planes hand out the first snapshot and gateways probe each other, before the run's zero. */
const leadUs = 1_500_000
/** The event loop is let in this often, virtual time. */
const sliceUs = 100_000
/** Beyond the longest patience of a client: nothing is out after that. */
const graceUs = 3_000_000
/** After the last change and healing, every gateway has had time to hear of the newest configuration. */
const convergesUs = 5_000_000

export function openDeployment(request: StartRequest, inventory: Inventory): Deployment {
  const { history, signal } = request
  const steps: { atUs: number; order: number; step: Step }[] = []
  const loads: LoadSpec[] = []
  let world: World | null = null
  let played = false
  let disposed = false
  const sink = guarded(history, () => disposed)

  const run = async (untilUs: number, runSignal: AbortSignal): Promise<void> => {
    runSignal.throwIfAborted()
    if (played || disposed) throw topologyError('RGT_UNSUPPORTED', 'a deployment plays once', { hint: 'its history has one zero: start the topology again' })
    played = true
    const startedMs = performance.now()
    steps.sort((a, b) => a.atUs - b.atUs || a.order - b.order)
    let next = 0
    const mine = world = createWorld({
      topology: request.topology, loads, seed: request.seed, history: sink, simulation: request.options.simulation ?? {}, leadUs,
      ...(request.options.tracing === undefined ? {} : { tracing: request.options.tracing }),
      nextStepUs: () => steps[next]?.atUs ?? Infinity,
    })
    const { engine, clients, recorder } = mine
    let changedUs = 0
    engine.on(Kind.step, (index) => {
      next = index + 1
      if (steps[index].step.kind !== 'mark') changedUs = engine.nowUs
      play(mine, steps[index].step)
    })
    steps.forEach(({ atUs }, index) => engine.post(Math.max(0, atUs), Kind.step, index, 0))
    mine.control.publishAll(request.config as ConfigDocument[])
    const slices = async (toUs: number, over: () => boolean): Promise<void> => {
      while (engine.nowUs < toUs && !over()) {
        engine.run(Math.min(toUs, engine.nowUs + sliceUs))
        await turn()
        runSignal.throwIfAborted()
        signal.throwIfAborted()
      }
    }
    const patienceUs = Math.max(0, ...loads.flatMap(({ streams }) => streams.map(({ timeoutMs }) => timeoutMs * 1000)))
    try {
      await slices(untilUs, () => false)
      await slices(untilUs + patienceUs + graceUs, () => clients.idle)
      watchEnd(mine, changedUs)
    } catch (error) {
      // What is out still gets its answer, as it would from processes that know nothing of the failure.
      clients.stop()
      engine.run(engine.nowUs + patienceUs)
      throw error
    } finally {
      for (const { telemetry, state } of mine.gateways) if (state === ProcessState.running) telemetry?.finish(engine.nowUs)
      recorder.finish(engine.nowUs)
      inventory.trace = {
        hash: engine.traceHash, events: engine.handled, requests: clients.sent, virtualUs: Math.round(engine.nowUs),
        wallMs: Math.round(performance.now() - startedMs),
      }
    }
  }

  return {
    kind: 'simulated', capabilities: simulatedCapabilities, inventory, run,
    at: (atUs, step) => void steps.push({ atUs, order: steps.length, step }),
    drive: (load) => void loads.push(load),
    heal: async () => world?.faults.healAll(),
    [Symbol.asyncDispose]: async () => {
      if (!disposed) world?.faults.healAll()
      disposed = true
    },
  }
}

/** What comes after the end is no part of the history. */
function guarded(history: HistorySink, closed: () => boolean): HistorySink {
  const { block, span } = history
  return {
    event: (event) => { if (!closed()) history.event(event) },
    request: (row) => history.request(row),
    attempt: (row) => history.attempt(row),
    ...(span === undefined ? {} : { span: (row) => span.call(history, row) }),
    ...(block === undefined ? {} : { block: (given) => block.call(history, given) }),
  }
}

function play({ engine, control, faults, note }: World, step: Step): void {
  const told = (kind: 'fault-asked' | 'fault-in-force' | 'fault-heal-asked' | 'fault-healed', { fault, index, primitive }: Extract<Step, { kind: 'apply' | 'heal' }>): void =>
    note({ atUs: engine.nowUs, source: 'run', kind, fault, primitive: index, detail: primitive })
  switch (step.kind) {
    case 'mark':
      return note({ atUs: engine.nowUs, source: 'run', ...step.event })
    case 'publish':
      return control.publish(step.change)
    case 'apply':
      told('fault-asked', step)
      faults.apply(`${step.fault}#${step.index}`, step.primitive)
      return told('fault-in-force', step)
    case 'heal':
      told('fault-heal-asked', step)
      return faults.heal(`${step.fault}#${step.index}`, () => told('fault-healed', step))
  }
}

/** What must hold when all is over. */
function watchEnd({ engine, clients, gateways, control, faults, watch }: World, changedUs: number): void {
  const atUs = engine.nowUs
  if (clients.sent !== clients.ended) {
    watch.violated('every-request-ends', atUs, `${clients.sent - clients.ended} of ${clients.sent} requests have no outcome`)
  }
  if (!faults.healed) return
  watchRecovery(gateways, watch, atUs, changedUs)
  if (atUs - changedUs < convergesUs) return
  // Of all planes, not only its own: one that missed a change is given it, and so are its gateways.
  const newest = Math.max(0, ...control.revisions().values())
  for (const { place, state, snapshot } of gateways) {
    if (state !== ProcessState.running || (snapshot?.revision ?? 0) === newest) continue
    watch.violated('convergence', atUs, `${place.source} serves revision ${snapshot?.revision ?? 'none'}; the newest of all control planes is ${newest}`)
  }
}

/** Beyond the time of the policy: until the next probe, and for the verdicts of a tick or two. */
const recoverySlackUs = 2_000_000

/** What flapped may stay away longer, so only what was ejected once is held to the policy's time. */
function watchRecovery(gateways: World['gateways'], watch: World['watch'], atUs: number, changedUs: number): void {
  for (const { place, state, policy, view, core, ejected } of gateways) {
    if (state !== ProcessState.running || view === null) continue
    const dueUs = Math.max(policy.recovery.minMs, (policy.recovery.successes + 2) * policy.probe.intervalMs) * 1000 + recoverySlackUs
    view.layout.topology.targets.forEach(({ key }, target) => {
      const past = ejected.get(key)
      if (past === undefined || past.times > 1 || core.targetState(target) !== 'ejected') return
      const sinceUs = atUs - Math.max(changedUs, past.atUs)
      if (sinceUs < dueUs) return
      watch.violated('recovery', atUs, `${place.source} keeps ${key} ejected ${Math.round(sinceUs / 1000)} ms after all was healed`)
    })
  }
}
