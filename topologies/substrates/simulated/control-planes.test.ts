// Control planes over the simulated network: what is told and in which order, what breaks and how it heals, and that
// every order of trouble ends with everyone on the newest revision.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ConfigChange } from '../../../gateway/controlplane/protocol.ts'
import type { HistoryEvent } from '../../history.ts'
import { controlWorld, edge, regions, route, second, shop, sources, way, type ControlWorld } from './control-world.case.ts'

const change = (revision: number): ConfigChange => ({ revision, put: [route('catalog', '/catalog', revision)], remove: [] })
const revisionsHeld = ({ held }: ControlWorld): (number | undefined)[] => held.map((snapshot) => snapshot?.revision)
const texts = (events: HistoryEvent[]): string[] => events.flatMap((event) => (event.kind === 'tool' ? [`${event.tool}: ${event.text}`] : []))
const publishedTo = ({ events }: ControlWorld, region: string): number[] =>
  events.flatMap((event) => (event.kind === 'config-published' && event.region === region ? [event.revision] : []))

test('nothing moves before the engine does; then gateways find their planes and get what is published', () => {
  const world = controlWorld(1)
  expect(world.events).toEqual([])
  world.start()
  expect(revisionsHeld(world)).toEqual([1, 1, 1, 1])
  expect(sources.map((source) => world.told(source))).toEqual(sources.map(() => ['control-plane-found', 'snapshot-applied']))
  expect(world.held[edge]).toMatchObject({ gateway: { name: 'frankfurt' }, services: [{ endpoints: [] }] })
})

test('one change is accepted, offered, told as published, applied after the way there, and acknowledged after the way back', () => {
  const world = controlWorld(1)
  world.start()
  const from = world.events.length
  world.control.publish(change(2))
  world.engine.run(second)
  const told = world.events.slice(from).filter((event) => event.source === 'control-plane/us-east' || event.source === 'gateway/us-east'
    || (event.kind === 'config-published' && event.region === 'us-east'))
  expect(told.map(({ source, kind }) => `${source} ${kind}`)).toEqual([
    'control-plane/us-east config-accepted', 'control-plane/us-east snapshot-offered', 'run config-published',
    'gateway/us-east snapshot-applied', 'control-plane/us-east snapshot-acknowledged',
  ])
  const [acceptedUs, , , appliedUs, acknowledgedUs] = told.map(({ atUs }) => atUs)
  expect([acceptedUs, appliedUs >= 4000 && appliedUs <= 8000]).toEqual([0, true])
  expect(told[4]).toMatchObject({ gateway: 'us-east', revision: 2, elapsedUs: acknowledgedUs })
  expect(acknowledgedUs).toBeGreaterThan(appliedUs)
  expect(world.control.revisions()).toEqual(new Map(regions.map((region) => [region, 2])))
})

test('a gateway far away is sent one delta for all that was published meanwhile', () => {
  const world = controlWorld(1, 500_000)
  world.engine.run(2 * second)
  world.control.publishAll(shop(1))
  for (const revision of [2, 3, 4]) world.control.publish(change(revision))
  world.engine.run(6 * second)
  expect(world.applied[edge]).toEqual([[1, 4]])
})

test('a plane that is killed is lost and found, comes back from its journal, and is given what it missed', () => {
  const world = controlWorld(1)
  world.start()
  world.control.publish(change(2))
  world.engine.run(second)
  world.control.stop('eu-west')
  world.engine.run(2 * second)
  expect(world.told('gateway/eu-west', second)).toEqual(['control-plane-lost'])
  // The edge has other planes to ask.
  expect(world.told('edge/frankfurt', second)).toEqual(['control-plane-lost', 'control-plane-found'])
  world.control.publish(change(3))
  world.engine.run(3 * second)
  expect(revisionsHeld(world)).toEqual([3, 2, 3, 3])
  expect(texts(world.events)).toEqual(['publisher/eu-west: revision 3 not delivered: the control plane is dead'])
  world.control.restart('eu-west')
  expect(world.control.revisions().get('eu-west')).toBe(2)
  world.engine.run(6 * second)
  expect(world.told('gateway/eu-west', second)).toEqual(['control-plane-lost', 'control-plane-found', 'snapshot-applied'])
  expect(revisionsHeld(world)).toEqual([3, 3, 3, 3])
  expect(texts(world.events).length).toBe(1)
  world.control.publish(change(4))
  world.engine.run(7 * second)
  expect(revisionsHeld(world)).toEqual([4, 4, 4, 4])
  expect(publishedTo(world, 'eu-west')).toEqual([1, 2, 3, 4])
})

test('a plane that missed several changes is given the newest alone, as the whole, and told of once', () => {
  const world = controlWorld(1)
  world.start()
  world.control.stop('eu-west')
  for (const revision of [2, 3, 4]) world.control.publish(change(revision))
  world.engine.run(60 * second)
  expect(texts(world.events)).toEqual([2, 3, 4].map((revision) => `publisher/eu-west: revision ${revision} not delivered: the control plane is dead`))
  world.control.restart('eu-west')
  world.engine.run(65 * second)
  expect(world.told('control-plane/eu-west', 60 * second)).toContain('config-accepted')
  expect(revisionsHeld(world)).toEqual([4, 4, 4, 4])
  expect([publishedTo(world, 'eu-west'), publishedTo(world, 'us-east')]).toEqual([[1, 4], [1, 2, 3, 4]])
  expect(texts(world.events).length).toBe(3)
})

test('an edge that finds only the plane that missed a change gets it as well', () => {
  const world = controlWorld(1)
  world.start()
  world.control.stop('eu-west')
  world.ways.set(way(edge, 'us-east', 'there'), 'broken').set(way(edge, 'ap-south', 'there'), 'broken')
  world.control.publish(change(2))
  world.engine.run(5 * second)
  world.control.restart('eu-west')
  world.engine.run(10 * second)
  expect(revisionsHeld(world)).toEqual([2, 2, 2, 2])
})

test('a refusal by a plane that missed the change is told and not sent again', () => {
  const world = controlWorld(1)
  world.start()
  for (const region of regions) world.control.stop(region)
  world.control.publish({ revision: 2, put: [{ ...route('bad', '/bad'), spec: {} }], remove: [] })
  world.engine.run(second)
  for (const region of regions) world.control.restart(region)
  world.engine.run(20 * second)
  expect(texts(world.events).filter((text) => text.includes('refused when it was sent again: 422')).length).toBe(regions.length)
  expect(world.events.filter(({ kind }) => kind === 'config-refused').length).toBe(regions.length)
  expect(revisionsHeld(world)).toEqual([1, 1, 1, 1])
})

test('a plane that is paused is silent, and goes on with what arrived meanwhile', () => {
  const world = controlWorld(1)
  world.start()
  world.control.pause('control-plane/us-east')
  world.control.publish(change(2))
  world.engine.run(second)
  expect([world.told('gateway/us-east', 0), revisionsHeld(world)]).toEqual([[], [2, 2, 1, 2]])
  world.engine.run(3 * second)
  expect(world.told('gateway/us-east', 0)).toEqual(['control-plane-lost'])
  world.control.resume('control-plane/us-east')
  // Long enough to miss its heartbeats, if it had lost them.
  world.engine.run(9 * second)
  expect(world.told('gateway/us-east', 0)).toEqual(['control-plane-lost', 'control-plane-found', 'snapshot-applied'])
  const published = world.events.filter((event) => event.kind === 'config-published' && event.revision === 2 && event.region === 'us-east')
  expect(published).toMatchObject([{ atUs: 3 * second }])
})

test('after five seconds nobody waits for a paused plane, which takes the change all the same', () => {
  const world = controlWorld(1)
  world.start()
  world.control.pause('us-east')
  world.control.publish(change(2))
  world.engine.run(6 * second)
  world.control.resume('us-east')
  world.engine.run(9 * second)
  expect(texts(world.events)).toEqual(['publisher/us-east: revision 2 not delivered: no answer'])
  expect(publishedTo(world, 'us-east')).toEqual([1, 2])
  expect(revisionsHeld(world)).toEqual([2, 2, 2, 2])
})

test('a paused plane that is killed has lost what waited for it', () => {
  const world = controlWorld(1)
  world.start()
  world.control.pause('us-east')
  world.control.publish(change(2))
  world.engine.run(second)
  world.control.stop('us-east')
  expect(world.events.at(-1)).toEqual({
    atUs: second, source: 'run', kind: 'tool', tool: 'publisher/us-east', text: 'revision 2 not delivered: the control plane is dead',
  })
  world.control.restart('us-east')
  expect(world.control.revisions().get('us-east')).toBe(1)
  world.engine.run(9 * second)
  expect([world.control.revisions().get('us-east'), texts(world.events).length]).toEqual([2, 1])
})

test('a refused change throws, is told by every plane, and leaves its revision free', () => {
  const world = controlWorld(1)
  world.start()
  const bad = { ...route('bad', '/bad'), spec: { rules: 'nonsense' } }
  expect(() => world.control.publish({ revision: 2, put: [bad], remove: [] })).toThrow(expect.objectContaining({
    code: 'RGT_UNSUPPORTED', details: { found: expect.stringContaining('422 {"revision":1,"errors":[{"code":"RGT_CONFIG_SCHEMA"') as string },
  }))
  expect(world.events.filter(({ kind }) => kind === 'config-refused').length).toBe(3)
  world.control.publish(change(2))
  world.engine.run(second)
  expect(revisionsHeld(world)).toEqual([2, 2, 2, 2])
})

test('a refusal by a plane that was paused ends the run when it goes on', () => {
  const world = controlWorld(1)
  world.start()
  for (const region of regions) world.control.pause(region)
  world.control.publish({ revision: 2, put: [{ ...route('bad', '/bad'), spec: {} }], remove: [{ kind: 'HTTPRoute', namespace: 'shop', name: 'gone' }] })
  expect(() => world.control.resume('eu-west')).toThrow(expect.objectContaining({ code: 'RGT_UNSUPPORTED' }))
})

test('a way that is cut in one direction is silence; the edge goes to the next plane; healed, the old one hears of it', () => {
  const world = controlWorld(1)
  world.start()
  world.ways.set(way(edge, 'eu-west', 'back'), 'swallowed')
  world.engine.run(4 * second)
  expect(world.told('edge/frankfurt', 0)).toEqual(['control-plane-lost', 'control-plane-found'])
  const lost = world.events.find((event) => event.source === 'edge/frankfurt' && event.kind === 'control-plane-lost')!
  // The last heartbeat came less than a second before the cut.
  expect([lost.atUs > 1.5 * second, lost.atUs < 2.6 * second]).toEqual([true, true])
  world.control.publish(change(2))
  world.engine.run(5 * second)
  expect(world.held[edge]?.revision).toBe(2)
})

test('a link that refuses breaks what is open, at once and at both ends', () => {
  const world = controlWorld(1)
  world.start()
  for (const direction of ['there', 'back'] as const) world.ways.set(way(edge, 'eu-west', direction), 'broken')
  world.control.breakConnections(edge, 'eu-west')
  world.engine.run(second)
  const [lost, found] = world.events.filter((event) => event.source === 'edge/frankfurt' && event.atUs >= 0 && event.kind !== 'log')
  expect([lost, found]).toMatchObject([{ kind: 'control-plane-lost', address: 'eu-west', atUs: 0 }, { kind: 'control-plane-found', address: 'us-east' }])
  world.control.publish(change(2))
  expect(world.events.filter((event) => event.kind === 'snapshot-offered' && event.gateway === 'frankfurt' && event.revision === 2).map(({ source }) => source))
    .toEqual(['control-plane/us-east'])
})

test('a gateway that was paused for long takes its plane for lost first, as its timers say, and finds it again', () => {
  const world = controlWorld(1)
  world.start()
  world.control.pause('gateway/eu-west')
  world.control.stop('eu-west')
  world.control.restart('eu-west')
  world.engine.run(4 * second)
  expect(world.told('gateway/eu-west', 0)).toEqual([])
  world.control.resume('gateway/eu-west')
  world.engine.run(5 * second)
  expect(world.events.find((event) => event.kind === 'log' && event.source === 'gateway/eu-west')).toMatchObject({ message: expect.stringContaining('silent') as string })
  expect(world.told('gateway/eu-west', 0)).toEqual(['control-plane-lost', 'control-plane-found'])
})

test('a gateway that was killed behind a cut is known to be gone when the cut is healed', () => {
  const world = controlWorld(1)
  world.start()
  world.ways.set(way(1, 'eu-west', 'there'), 'swallowed')
  world.kill(1)
  world.engine.run(2 * second)
  world.ways.clear()
  world.engine.run(4 * second)
  world.control.publish(change(2))
  expect(world.events.filter((event) => event.kind === 'snapshot-offered' && event.revision === 2).map((event) => 'gateway' in event && event.gateway))
    .toEqual(['ap-south', 'frankfurt', 'us-east'])
})

test('a gateway that is paused takes what waited when it goes on; one that was killed gets the whole', () => {
  const world = controlWorld(1)
  world.start()
  world.control.pause('gateway/eu-west')
  world.control.publish(change(2))
  world.engine.run(second)
  expect(world.held[1]?.revision).toBe(1)
  world.control.resume('gateway/eu-west')
  expect([world.held[1]?.revision, world.events.at(-1)]).toMatchObject([2, { kind: 'snapshot-applied', atUs: second }])
  world.kill(1)
  world.control.publish(change(3))
  world.engine.run(2 * second)
  expect(world.held[1]).toBeNull()
  world.control.restart('gateway/eu-west')
  world.engine.run(3 * second)
  expect([world.applied[1], world.told('gateway/eu-west', 2 * second)]).toEqual([[[1, 2], [3]], ['control-plane-found', 'snapshot-applied']])
})

test('a process that has no part in this is refused', () => {
  expect(() => controlWorld(1).control.pause('services/eu-west')).toThrow(expect.objectContaining({ code: 'RGT_PROCESS_EXIT' }))
})

type Trouble = { laterUs: number } & (
  | { do: 'publish' }
  | { do: 'pause' | 'resume' | 'stop' | 'restart'; process: string }
  | { do: 'way'; gateway: number; region: string; direction: 'there' | 'back'; state: 'open' | 'swallowed' | 'broken' }
  | { do: 'break'; gateway: number; region: string })

const anyGateway = fc.nat(edge)
const anyRegion = fc.constantFrom(...regions)
const laterUs = fc.integer({ min: 0, max: 1_500_000 })
const trouble: fc.Arbitrary<Trouble> = fc.oneof(
  fc.record({ do: fc.constant('publish' as const), laterUs }),
  fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const, 'stop' as const, 'restart' as const), process: fc.constantFrom(...regions, ...sources), laterUs }),
  fc.record({
    do: fc.constant('way' as const), gateway: anyGateway, region: anyRegion, direction: fc.constantFrom('there' as const, 'back' as const),
    state: fc.constantFrom('open' as const, 'swallowed' as const, 'broken' as const), laterUs,
  }),
  fc.record({ do: fc.constant('break' as const), gateway: anyGateway, region: anyRegion, laterUs }),
)

/** Plays troubles; returns the newest revision. */
function play(world: ControlWorld, troubles: readonly Trouble[]): number {
  let revision = 1
  for (const one of troubles) {
    switch (one.do) {
      case 'publish': world.control.publish(change(++revision)); break
      case 'way': world.ways.set(way(one.gateway, one.region, one.direction), one.state); break
      case 'break': world.control.breakConnections(one.gateway, one.region); break
      case 'stop': {
        const gateway = sources.indexOf(one.process)
        if (gateway === -1) world.control.stop(one.process)
        else world.kill(gateway)
        break
      }
      default: world.control[one.do](one.process)
    }
    world.engine.run(world.engine.nowUs + one.laterUs)
  }
  return revision
}

function healAll({ ways, control }: ControlWorld): void {
  ways.clear()
  for (const process of [...regions, ...sources]) {
    control.resume(process)
    control.restart(process)
  }
}

test('every order of pausing, killing, cutting and publishing: no gateway goes back, and healed all hold the newest revision', () => {
  const lost = { publications: 0, silences: 0 }
  fc.assert(fc.property(fc.nat(), fc.array(trouble, { maxLength: 25 }), (seed, troubles) => {
    const world = controlWorld(seed)
    world.start()
    const revision = play(world, troubles)
    healAll(world)
    world.engine.run(world.engine.nowUs + 5 * second)
    expect([...world.control.revisions().values()]).toEqual(regions.map(() => revision))
    expect(revisionsHeld(world)).toEqual(world.held.map(() => revision))
    for (const region of regions) {
      const told = publishedTo(world, region)
      expect(told.at(-1)).toBe(revision)
      expect(told).toEqual([...new Set(told)].sort((a, b) => a - b))
    }
    lost.publications += texts(world.events).length
    lost.silences += world.events.filter((event) => event.kind === 'log' && event.message.includes('silent')).length
    world.control.publish(change(revision + 1))
    world.engine.run(world.engine.nowUs + 2 * second)
    expect(revisionsHeld(world)).toEqual(world.held.map(() => revision + 1))
    expect(new Set(world.held.map((snapshot) => snapshot!.routes[0].timeouts.requestMs))).toEqual(new Set([(revision + 1) * 1000]))
    for (const revisions of world.applied.flat()) expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b))
  }), { numRuns: 900 })
  // The property says nothing when nothing was ever lost.
  expect([lost.publications > 20, lost.silences > 20]).toEqual([true, true])
})

test('equal seeds tell the same story; another seed tells another', () => {
  fc.assert(fc.property(fc.nat({ max: 1000 }), fc.array(trouble, { maxLength: 15 }), (seed, troubles) => {
    const [one, same, other] = [seed, seed, seed + 1].map((each) => {
      const world = controlWorld(each)
      world.start()
      play(world, troubles)
      return { story: JSON.stringify(world.events), hash: world.engine.traceHash }
    })
    expect(same).toEqual(one)
    expect(other.story).not.toBe(one.story)
  }), { numRuns: 30 })
})
