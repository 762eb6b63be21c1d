// A small world around control planes for tests: three regions and an edge, a network whose every way can be cut, and
// a record of all that is told.

import type { ConfigDocument, GatewayIdentity } from '../../../gateway/controlplane/protocol.ts'
import { discovery, route, shop } from '../../../gateway/controlplane/shop.case.ts'
import type { GatewayEvent } from '../../../gateway/ports.ts'
import type { Snapshot } from '../../../gateway/snapshot/snapshot.ts'
import { uniformAt } from '../../arrivals.ts'
import type { HistoryEvent } from '../../history.ts'
import type { ControlledGateway, ControlParts, Passage } from './control.ts'
import { openControl } from './control-planes.ts'
import { createEngine } from './engine/index.ts'

export { route, shop }

export const second = 1_000_000
export const regions = ['ap-south', 'eu-west', 'us-east']
const identities: GatewayIdentity[] = [
  ...regions.map((region): GatewayIdentity => ({ name: region, role: 'region', region })),
  { name: 'frankfurt', role: 'edge', region: null },
]
export const edge = identities.length - 1
export const sourceOf = ({ role, name }: GatewayIdentity): string => `${role === 'edge' ? 'edge' : 'gateway'}/${name}`
export const sources = identities.map(sourceOf)

export type WayState = 'open' | 'swallowed' | 'broken'
export const way = (gateway: number, region: string, direction: 'there' | 'back'): string => `${gateway} ${direction} ${region}`

export interface ControlWorld extends ReturnType<typeof controlWorld> {}

/** `latencyUs` one way over links; a plane of the own region is a tenth of it away. */
export function controlWorld(seed: number, latencyUs = 40_000) {
  const engine = createEngine(-second)
  const events: HistoryEvent[] = []
  const ways = new Map<string, WayState>()
  const held: (Snapshot | null)[] = identities.map(() => null)
  /** Revisions that each gateway applied, with its lives apart. */
  const applied: number[][][] = identities.map(() => [[]])
  let sent = 0

  const passage = (key: string, near: boolean): Passage => {
    const state = ways.get(key) ?? 'open'
    if (state !== 'open') return { kind: state }
    return { kind: 'passes', afterUs: latencyUs * (near ? 0.1 : 1) * (1 + uniformAt(seed, sent++, 0)) }
  }
  const tell = (source: string, event: GatewayEvent): void => { events.push({ source, ...event } as HistoryEvent) }
  const gateways = identities.map((identity, index): ControlledGateway => ({
    identity, source: sources[index],
    planes: identity.region === null ? ['eu-west', 'us-east', 'ap-south'] : [identity.region],
    held: () => held[index],
    apply(snapshot) {
      held[index] = snapshot
      applied[index].at(-1)!.push(snapshot.revision)
      tell(sources[index], { atUs: engine.nowUs, kind: 'snapshot-applied', revision: snapshot.revision, version: snapshot.version, routes: snapshot.routes.length, buildUs: 0 })
    },
  }))
  const isNear = (gateway: number, region: string): boolean => identities[gateway].region === region
  const parts: ControlParts = {
    engine, seed, discovery, regions, gateways, tell,
    there: (gateway, region) => passage(way(gateway, region, 'there'), isNear(gateway, region)),
    back: (gateway, region) => passage(way(gateway, region, 'back'), isNear(gateway, region)),
    note: (event) => { events.push(event) },
  }
  const control = openControl(parts)
  return {
    engine, events, ways, held, applied, control,
    /** Kinds of what a source told from `fromUs` on, without logs. */
    told: (source: string, fromUs = -Infinity): string[] =>
      events.filter((event) => event.source === source && event.atUs >= fromUs && event.kind !== 'log').map(({ kind }) => kind),
    /** A killed gateway forgets what it held: there is no disk here. */
    kill(index: number) {
      control.stop(sources[index])
      held[index] = null
      applied[index].push([])
    },
    start(documents: ConfigDocument[] = shop(1)) {
      engine.run(-0.5 * second)
      control.publishAll(documents)
      engine.run(0)
    },
  }
}
