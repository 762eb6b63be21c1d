// The gateway's side of a delivery as a part of the simulated world: the delivery core over virtual connections. The
// counterpart of gateway/controlplane/client.ts.

import { openAlarm } from '../../../gateway/controlplane/alarm.ts'
import { createDelivery, type Delivery, type DeliveryEffect, type DeliveryEvent } from '../../../gateway/controlplane/delivery.ts'
import type { GatewayEvent, Random } from '../../../gateway/ports.ts'
import type { ControlledGateway } from './control.ts'
import type { End, Listener } from './control-connection.ts'
import type { ToGateway, ToPlane } from './control-plane-process.ts'
import type { Engine } from './engine/engine.ts'
import { createLife, type ProcessLife } from './process-life.ts'

export interface DeliveryParts {
  engine: Engine
  gateway: ControlledGateway
  random: Random
  tell(event: GatewayEvent): void
  /** A connection to the plane of a region. */
  open(region: string, listener: Listener<ToGateway>): End<ToPlane>
}

/** Objects in one memory are what they are. */
const same = <T>(value: T): T => value

export function startDelivery({ engine, gateway, random, tell, open }: DeliveryParts): ProcessLife {
  const born = (): Delivery => createDelivery({
    addresses: gateway.planes, gateway: gateway.identity, random, tell,
    held: () => gateway.held(),
    apply: (snapshot) => gateway.apply(snapshot),
    checks: { snapshot: same, delta: same },
  }, engine.nowUs)
  let core = born()
  let end: End<ToPlane> | null = null

  function step(event: DeliveryEvent): void {
    for (const effect of core.step(event, engine.nowUs)) carryOut(effect)
    alarm.set(core.nextUs)
  }

  function carryOut(effect: DeliveryEffect): void {
    switch (effect.kind) {
      case 'connect':
        end = open(gateway.planes[effect.address], listenerOf(effect.connection))
        end.send({ kind: 'hello', gateway: gateway.identity, revision: effect.revision, version: effect.version })
        break
      case 'acknowledge': end?.send({ kind: 'acknowledge', acknowledgement: effect.acknowledgement }); break
      case 'close': end?.close()
    }
  }

  function listenerOf(connection: number): Listener<ToGateway> {
    const hear = (event: DeliveryEvent): void => life.take(() => step(event))
    return {
      arrived(payload) {
        switch (payload.kind) {
          case 'message': hear({ kind: 'message', connection, message: payload.message }); break
          case 'answered': hear({ kind: 'answered', connection }); break
          case 'refused': hear({ kind: 'ended', connection, reason: payload.reason, refused: true })
        }
      },
      ended: (reason) => hear({ kind: 'ended', connection, reason, refused: false }),
    }
  }

  const alarm = openAlarm(engine.clock, engine.scheduler, () => {
    if (life.state === 'running') step({ kind: 'tick' })
  })
  const life = createLife({
    wake: () => step({ kind: 'tick' }),
    die() {
      alarm.cancel()
      end?.close()
      end = null
    },
    start() {
      core = born()
      alarm.set(core.nextUs)
    },
  })
  alarm.set(core.nextUs)
  return life
}
