// A regional control plane as a process of the simulated world: the replication core, its heartbeat, the connections
// that it has, and the journal from which it comes back. The counterpart of gateway/controlplane/server.ts and main.ts.

import { createPlane, type Plane, type PlaneAnswer, type PlaneCompiler, type PlaneEffect } from '../../../gateway/controlplane/plane.ts'
import {
  heartbeatMs, type Acknowledgement, type ConfigChange, type DeliveryMessage, type GatewayIdentity, type WholeConfig,
} from '../../../gateway/controlplane/protocol.ts'
import type { GatewayEvent } from '../../../gateway/ports.ts'
import type { End, Listener } from './control-connection.ts'
import type { Engine } from './engine/engine.ts'
import { createLife, type ProcessLife } from './process-life.ts'

export type ToPlane =
  | { kind: 'hello'; gateway: GatewayIdentity; revision: number; version: string }
  | { kind: 'acknowledge'; acknowledgement: Acknowledgement }

export type ToGateway =
  | { kind: 'message'; message: DeliveryMessage }
  | { kind: 'answered' }
  | { kind: 'refused'; reason: string }

export interface PlaneProcess {
  readonly region: string
  readonly life: ProcessLife
  /** What it holds, or would come back with. */
  readonly revision: number
  /** Only while it runs. */
  publish(asked: ConfigChange | WholeConfig): PlaneAnswer
  accept(end: End<ToGateway>): Listener<ToPlane>
}

export interface PlaneParts { engine: Engine; region: string; compiler: PlaneCompiler; tell(event: GatewayEvent): void }

export function startPlane({ engine, region, compiler, tell }: PlaneParts): PlaneProcess {
  const ends = new Map<number, End<ToGateway>>()
  let connections = 0
  let plane: Plane = createPlane(region, compiler)
  let journal: WholeConfig = { revision: 0, documents: [] }
  let cancelBeat: () => void = () => {}
  let missedBeat = false

  const step = (event: Parameters<Plane['step']>[0]): PlaneAnswer | null => {
    const effects = plane.step(event, engine.nowUs)
    for (const effect of effects) carryOut(effect)
    return effects.find((effect) => effect.kind === 'answer')?.answer ?? null
  }

  function carryOut(effect: PlaneEffect): void {
    switch (effect.kind) {
      case 'evidence': tell(effect.event); break
      case 'send': ends.get(effect.connection)?.send({ kind: 'message', message: effect.message }); break
      case 'close': leave(effect.connection)
    }
  }

  function leave(connection: number): void {
    ends.get(connection)?.close()
    ends.delete(connection)
  }

  /** A timer that came due while the process was paused fires once when it goes on, and counts from there. */
  function beat(): void {
    missedBeat = life.state === 'paused'
    if (missedBeat) return
    armBeat()
    step({ kind: 'heartbeat' })
  }

  function armBeat(): void {
    cancelBeat = engine.scheduler.after(heartbeatMs, beat)
  }

  function welcome(connection: number, { gateway, revision, version }: Extract<ToPlane, { kind: 'hello' }>): void {
    const answer = step({ kind: 'connect', connection, gateway, revision, version })
    const end = ends.get(connection)
    if (answer === null || answer.outcome === 'accepted') end?.send({ kind: 'message', message: { type: 'heartbeat' } })
    else {
      const [status, body] = replyOf(answer)
      end?.send({ kind: 'refused', reason: `refused with ${status}: ${body.slice(0, 1024)}` })
    }
  }

  const life = createLife({
    wake() {
      if (missedBeat) beat()
    },
    die() {
      cancelBeat()
      missedBeat = false
      journal = { revision: plane.revision, documents: [...plane.documents()] }
      for (const connection of [...ends.keys()]) leave(connection)
    },
    start() {
      plane = createPlane(region, compiler)
      if (journal.revision > 0) step({ kind: 'publish', asked: journal })
      armBeat()
    },
  })
  armBeat()

  return {
    region,
    life,
    get revision() { return life.state === 'stopped' ? journal.revision : plane.revision },
    publish: (asked) => step({ kind: 'publish', asked })!,
    accept(end) {
      const connection = ++connections
      return {
        arrived(payload) {
          // Nobody listens at the port of a process that is dead; one that is paused has a machine that accepts.
          if (life.state === 'stopped') return end.close()
          ends.set(connection, end)
          life.take(() => {
            if (payload.kind === 'hello') return welcome(connection, payload)
            step({ kind: 'acknowledge', acknowledgement: payload.acknowledgement })
            end.send({ kind: 'answered' })
          })
        },
        ended() {
          ends.delete(connection)
          life.take(() => step({ kind: 'lost', connection }))
        },
      }
    },
  }
}

/** Status and body of the HTTP answer that says this. */
export function replyOf(answer: PlaneAnswer): [status: number, body: string] {
  if (answer.outcome === 'accepted') return [200, JSON.stringify({ revision: answer.revision })]
  return [answer.outcome === 'gap' ? 409 : 422, JSON.stringify({ revision: answer.revision, errors: answer.errors })]
}
