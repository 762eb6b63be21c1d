// The control planes of the simulated world and the deliveries of its gateways: the replication cores of real
// processes, connected by what the simulated network lets through, published to as on every substrate.
//
//   publish ──► plane eu-west ──there/back──► delivery gateway/eu-west ──► apply
//           ──► plane us-east ─┬────────────► delivery gateway/us-east
//                              └────────────► delivery edge/new-york (asks the next plane when this one is silent)

import type { PlaneAnswer } from '../../../gateway/controlplane/plane.ts'
import type { CodedError } from '../../../gateway/errors.ts'
import { seededRandom } from '../../../gateway/runtime.ts'
import { deriveSeed } from '../../arrivals.ts'
import { topologyError } from '../../errors.ts'
import {
  firstChange, openPublication, publishPatienceMs, publishedNote, refusalError, undeliveredNote, type Proposal, type PublicationNote,
} from '../../publication.ts'
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
  const publish = publisherTo([...planes.values()], parts)
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

/** To every plane at once. One that is paused takes the change when it goes on; one that is stopped never hears of it. */
function publisherTo(planes: readonly PlaneProcess[], { engine, note }: ControlParts): Control['publish'] {
  const publication = openPublication()
  const tell = (what: PublicationNote): void => note({ atUs: engine.nowUs, source: 'run', ...what })

  function offer(plane: PlaneProcess, { change, whole }: Proposal): CodedError | null {
    let answer: PlaneAnswer = plane.publish(change)
    if (answer.outcome === 'gap') answer = plane.publish(whole)
    if (answer.outcome !== 'accepted') return refusalError(plane.region, change, ...replyOf(answer))
    tell(publishedNote(plane.region, change))
    return null
  }

  /** Throws the refusal when the plane goes on: whoever published has gone on as well. */
  function offerLater(plane: PlaneProcess, proposal: Proposal): void {
    const { region } = plane
    let patient = true
    const giveUp = (reason: string): void => {
      if (patient) tell(undeliveredNote(region, proposal.change, reason))
      patient = false
    }
    const cancel = engine.scheduler.after(publishPatienceMs, () => giveUp('no answer'))
    plane.life.take(() => {
      cancel()
      // What was sent is there, though nobody waits for the answer any more.
      if (!patient) return void plane.publish(proposal.change)
      patient = false
      const refusal = offer(plane, proposal)
      if (refusal !== null) throw refusal
    }, () => {
      cancel()
      giveUp('the control plane is dead')
    })
  }

  return (change) => {
    const proposal = publication.propose(change)
    const refusals: CodedError[] = []
    for (const plane of planes) {
      const { state } = plane.life
      if (state === 'stopped') tell(undeliveredNote(plane.region, change, 'the control plane is dead'))
      else if (state === 'paused') offerLater(plane, proposal)
      else {
        const refusal = offer(plane, proposal)
        if (refusal !== null) refusals.push(refusal)
      }
    }
    if (refusals.length > 0) throw refusals[0]
    proposal.inForce()
  }
}
