// A running topology in real time: plays timed steps, sends loads through generator processes, and turns
// what every process tells into the history. Declared first, then `run` plays it in real time.

import { systemClock } from '../../../gateway/runtime.ts'
import { topologyError } from '../../errors.ts'
import type { Capabilities } from '../../primitives.ts'
import type { Deployment, Inventory, LoadSpec, Step } from '../../substrate.ts'
import type { FaultDesk } from './fault-desk.ts'
import type { Journal } from './journal.ts'
import type { Loads } from './loads.ts'
import { watchMachine } from './machine.ts'
import { openTimetable } from './timetable.ts'
import type { Publisher } from './publisher.ts'

export interface DeploymentParts {
  /** Of the substrate. */
  kind: string
  capabilities: Capabilities
  inventory: Inventory
  faults: FaultDesk
  loads: Loads
  publisher: Publisher
  journal: Journal
  /** Makes every gateway collect garbage now. */
  collectGarbage(): void
  collectGarbageEveryMs: number
  /** Processor time of each process of the run on this machine, microseconds since its start; absent where they run elsewhere. */
  processorUs?(): Record<string, number>
  end(): Promise<void>
}

/** Zero lies this far ahead of `run`, so that every generator hears of it in time. */
const leadUs = 50_000

export function openDeployment(parts: DeploymentParts): Deployment {
  const { inventory, faults, loads, publisher, journal } = parts
  let ended: Promise<void> | undefined
  let played = false

  const play = async (step: Step): Promise<void> => {
    switch (step.kind) {
      case 'mark':
        journal.note(step.event)
        return
      case 'publish':
        await publisher.publish(step.change)
        return
      case 'apply':
      case 'heal': {
        const { fault, index, primitive } = step
        const [asked, done] = step.kind === 'apply' ? (['fault-asked', 'fault-in-force'] as const) : (['fault-heal-asked', 'fault-healed'] as const)
        journal.note({ kind: asked, fault, primitive: index, detail: primitive })
        await (step.kind === 'apply' ? faults.apply(`${fault}#${index}`, primitive) : faults.heal(`${fault}#${index}`))
        journal.note({ kind: done, fault, primitive: index, detail: primitive })
      }
    }
  }
  const timetable = openTimetable(systemClock, play)

  const run = async (untilUs: number, signal: AbortSignal): Promise<void> => {
    signal.throwIfAborted()
    if (played || ended !== undefined) {
      throw topologyError('RGT_UNSUPPORTED', 'a deployment plays once', { hint: 'its history has one zero: start the topology again' })
    }
    played = true
    await loads.prepare()
    const zeroUs = systemClock.nowUs() + leadUs
    inventory.clock.offsetUs = zeroUs
    journal.zero(zeroUs)
    loads.begin(zeroUs)
    const stopWatching = watchMachine((sample) => journal.note({ kind: 'machine', ...sample, ...(parts.processorUs === undefined ? {} : { processes: parts.processorUs() }) }))
    const collecting = parts.collectGarbageEveryMs === 0 ? undefined : setInterval(parts.collectGarbage, parts.collectGarbageEveryMs)
    try {
      await timetable.play(zeroUs, untilUs, signal)
      await loads.finish(signal)
    } finally {
      inventory.stagesMs.drill = Math.round((systemClock.nowUs() - zeroUs) / 1000)
      stopWatching()
      clearInterval(collecting)
      publisher.close()
    }
  }

  return {
    kind: parts.kind, capabilities: parts.capabilities, inventory,
    at: timetable.at,
    drive: (load: LoadSpec) => loads.add(load),
    run,
    heal: () => faults.healAll(),
    [Symbol.asyncDispose]() {
      publisher.close()
      return ended ??= (async () => {
        const fromUs = systemClock.nowUs()
        await faults.healAll().catch(() => {})
        loads.close()
        journal.close()
        await parts.end()
        inventory.stagesMs['tear-down'] = Math.round((systemClock.nowUs() - fromUs) / 1000)
      })()
    },
  }
}
