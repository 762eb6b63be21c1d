// One direction of one connection: a reading socket, a chain of pipes (one a toxic, in the order in which
// toxics were added), a writing socket. Backpressure runs the other way: the source is paused while the
// writing socket needs to drain or any pipe holds more than its limit.

import type { Socket } from 'node:net'
import type { Random } from '../../../../../gateway/ports.ts'
import type { Alarms } from './alarms.ts'
import { nothingHeld, type Pipe, type Stub } from './toxics/toxic.ts'
import { toxicKinds } from './toxics/index.ts'
import type { Toxic } from './wire.ts'

export interface Link {
  add(toxic: Toxic): void
  update(toxic: Toxic): void
  remove(toxic: Toxic): void
  /** The source has ended (`aborted`: it is gone altogether, so the whole connection ends after what is held). */
  sourceEnded(aborted: boolean): void
  discard(): void
}

interface Stage {
  toxic: Toxic
  pipe: Pipe<any>
  ended: boolean
}

export interface LinkPorts {
  alarms: Alarms
  random: Random
  source: Socket
  target: Socket
  /** Close both sockets: 'reset' sends RST. */
  tearDown(how: 'close' | 'reset'): void
}

export function openLink(ports: LinkPorts, toxics: readonly Toxic[]): Link {
  const { source, target } = ports
  const stages: Stage[] = []
  let sourceIsDone = false
  let targetIsDone = false
  let closing = false
  let discarded = false

  const balance = (): void => {
    const full = target.writableNeedDrain || stages.some(({ pipe }) => pipe.held > pipe.limit)
    if (full && !source.isPaused()) source.pause()
    else if (!full && source.isPaused() && !discarded) source.resume()
  }
  const pass = (chunk: Buffer, after: number): void => {
    const next = stages[after + 1]
    if (next !== undefined) {
      if (!next.ended) next.pipe.push(chunk)
    } else if (target.writable) target.write(chunk)
  }
  const endTarget = (): void => {
    targetIsDone = true
    if (closing) target.end(() => ports.tearDown('close'))
    else target.end()
  }
  const passEnd = (after: number): void => {
    const next = stages[after + 1]
    if (next === undefined) endTarget()
    else if (!next.ended) {
      next.ended = true
      next.pipe.end()
    }
  }
  const open = (toxic: Toxic): Stage => {
    const stage: Stage = { toxic, pipe: null as unknown as Pipe<any>, ended: false }
    const stub: Stub = {
      alarms: ports.alarms,
      random: ports.random,
      emit(chunk) {
        pass(chunk, stages.indexOf(stage))
        balance()
      },
      finish: () => passEnd(stages.indexOf(stage)),
      close(how) {
        if (how === 'reset') return ports.tearDown('reset')
        stage.ended = true
        closing = true
        passEnd(stages.indexOf(stage))
      },
    }
    const affected = toxic.toxicity >= 1 || ports.random.next() < toxic.toxicity
    stage.pipe = affected ? toxicKinds[toxic.type].pipe(stub, { ...toxic.attributes }) : passThrough(stub)
    return stage
  }

  for (const toxic of toxics) stages.push(open(toxic))
  source.on('data', (chunk: Buffer) => {
    pass(chunk, -1)
    balance()
  })
  target.on('drain', balance)

  return {
    add(toxic) {
      if (!discarded) stages.push(open(toxic))
    },
    update(toxic) {
      stages.find((stage) => stage.toxic === toxic)?.pipe.update({ ...toxic.attributes })
      balance()
    },
    remove(toxic) {
      const stage = stages.find((candidate) => candidate.toxic === toxic)
      if (stage === undefined) return
      stage.pipe.release()
      stage.pipe.discard()
      stages.splice(stages.indexOf(stage), 1)
      balance()
    },
    sourceEnded(aborted) {
      closing ||= aborted
      if (!sourceIsDone) {
        sourceIsDone = true
        passEnd(-1)
      } else if (aborted && targetIsDone) endTarget()
    },
    discard() {
      discarded = true
      for (const { pipe } of stages) pipe.discard()
      stages.length = 0
    },
  }
}

/** Stands in the chain for a toxic whose toxicity spared this connection. */
function passThrough(stub: Stub): Pipe<unknown> {
  return { ...nothingHeld, push: stub.emit, end: stub.finish, update() {}, release() {}, discard() {} }
}
