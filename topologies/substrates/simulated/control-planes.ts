// The control planes of the simulated world and the deliveries of its gateways: the replication cores of real
// processes, connected by what the simulated network lets through, published to as on every substrate.
//
//   publish ──► plane eu-west ──there/back──► delivery gateway/eu-west ──► apply
//           ──► plane us-east ─┬────────────► delivery gateway/us-east
//                              └────────────► delivery edge/new-york (asks the next plane when this one is silent)

import type { PlaneAnswer } from '../../../gateway/controlplane/plane.ts'
import type { ConfigChange, WholeConfig } from '../../../gateway/controlplane/protocol.ts'
import type { CodedError } from '../../../gateway/errors.ts'
import { seededRandom } from '../../../gateway/runtime.ts'
import { deriveSeed } from '../../arrivals.ts'
import { topologyError } from '../../errors.ts'
import { firstChange, openPublication, publishPatienceMs, type PlaneReply } from '../../publication.ts'
import type { Control, ControlParts } from './control.ts'
import { openConnection, type Connection, type End, type Listener } from './control-connection.ts'
import { startDelivery } from './control-gateway-process.ts'
import { replyOf, startPlane, type PlaneProcess, type ToGateway, type ToPlane } from './control-plane-process.ts'
import type { ProcessLife } from './process-life.ts'
import { sharedCompiler } from './shared-compiler.ts'

/** Everything runs at once; nothing moves before the engine does. */
export function openControl(parts: ControlParts): Control {
  const { engine } = parts
  const compiler = sharedCompiler(parts.discovery)
  const planes = new Map(parts.regions.map((region) =>
    [region, startPlane({ engine, region, compiler, tell: (event) => parts.tell(`control-plane/${region}`, event) })]))
  const connections = connectionsOf(parts, planes)
  const lives = new Map<string, ProcessLife>()
  for (const [region, { life }] of planes) lives.set(region, life).set(`control-plane/${region}`, life)
  parts.gateways.forEach((gateway, index) => lives.set(gateway.source, startDelivery({
    engine, gateway,
    random: seededRandom(deriveSeed(parts.seed, `delivery ${gateway.source}`)),
    tell: (event) => parts.tell(gateway.source, event),
    open: (region, listener) => connections.open(index, region, listener),
  })))
  const lifeOf = (process: string): ProcessLife => {
    const life = lives.get(process)
    if (life === undefined) throw topologyError('RGT_PROCESS_EXIT', `no process with a part in snapshot delivery is called ${process}`)
    return life
  }
  const publish = publisherTo(planes, parts)
  return {
    publish,
    publishAll: (documents) => publish(firstChange(documents)),
    pause: (process) => lifeOf(process).pause(),
    resume: (process) => lifeOf(process).resume(),
    stop: (process) => lifeOf(process).stop(),
    restart: (process) => lifeOf(process).restart(),
    breakConnections: connections.break,
    revisions: () => new Map([...planes.values()].map(({ region, revision }) => [region, revision])),
  }
}

interface Connections {
  open(gateway: number, region: string, listener: Listener<ToGateway>): End<ToPlane>
  break(gateway: number, region: string): void
}

function connectionsOf({ engine, gateways, there, back }: ControlParts, planes: ReadonlyMap<string, PlaneProcess>): Connections {
  const open: { region: string; connection: Connection<ToPlane, ToGateway> }[][] = gateways.map(() => [])
  return {
    open(gateway, region, listener) {
      const plane = planes.get(region)
      if (plane === undefined) throw topologyError('RGT_TOPOLOGY_REFERENCE', `${gateways[gateway].source} asks the control plane of ${region}, which does not exist`)
      const connection = openConnection<ToPlane, ToGateway>({
        engine, gateway: listener,
        there: () => there(gateway, region),
        back: () => back(gateway, region),
        plane: (end) => plane.accept(end),
        over: () => { open[gateway] = open[gateway].filter((one) => one.connection !== connection) },
      })
      open[gateway].push({ region, connection })
      return connection.near
    },
    break(gateway, region) {
      for (const one of [...open[gateway]]) if (one.region === region) one.connection.break('the connection was reset')
    },
  }
}

/** A plane that is paused takes what was sent when it goes on, whether or not anybody still waits for its answer. */
function publisherTo(planes: ReadonlyMap<string, PlaneProcess>, { engine, regions, note }: ControlParts): Control['publish'] {
  function send(region: string, asked: ConfigChange | WholeConfig, replied: (reply: PlaneReply) => void): void {
    const { life, publish } = planes.get(region)!
    let waiting = true
    let cancel = (): void => {}
    const reply = (given: PlaneReply): void => {
      cancel()
      if (!waiting) return
      waiting = false
      replied(given)
    }
    if (life.state === 'paused') cancel = engine.scheduler.after(publishPatienceMs, () => reply({ kind: 'silent', reason: 'no answer' }))
    life.take(() => reply(heardOf(publish(asked))), () => reply({ kind: 'silent', reason: 'the control plane is dead' }))
  }

  // A plane comes back with all that it accepted, so that none has to be asked what it holds.
  const publication = openPublication({ regions, scheduler: engine.scheduler, send, tell: (what) => note({ atUs: engine.nowUs, source: 'run', ...what }) })

  return (change) => {
    const refusals: CodedError[] = []
    let publishing = true
    publication.publish(change, (refusal) => {
      if (refusal === null) return
      // A plane that goes on refuses what its publisher has long gone on from.
      if (!publishing) throw refusal
      refusals.push(refusal)
    })
    publishing = false
    if (refusals.length > 0) throw refusals[0]
  }
}

function heardOf(answer: PlaneAnswer): PlaneReply {
  if (answer.outcome === 'accepted') return { kind: 'accepted' }
  const [status, body] = replyOf(answer)
  return answer.outcome === 'gap' ? { kind: 'gap', held: answer.revision, status, body } : { kind: 'refused', status, body }
}
