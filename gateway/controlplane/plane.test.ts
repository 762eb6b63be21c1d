// The replication core over a toy configuration language, so that orders of events are what is tried here.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { gatewayError } from '../errors.ts'
import type { GatewayEvent } from '../ports.ts'
import { defaultHealth, type Snapshot, type SnapshotDelta } from '../snapshot/snapshot.ts'
import { createPlane, type Plane, type PlaneAnswer, type PlaneCompiler, type PlaneEvent } from './plane.ts'
import type { ConfigDocument, DeliveryMessage, Discovery, GatewayIdentity } from './protocol.ts'

/** A world with so many endpoints here. */
const world = (endpoints: number): Discovery => ({
  regions: [], links: {}, endpoints: { s: { here: Array.from({ length: endpoints }, (_, index) => ({ host: 'h', port: index + 1 })) } },
})

// A compiler of the least language there is: a snapshot's version names its documents and the number of endpoints when
// there are some; a delta names both ends.
const compiler: PlaneCompiler = {
  discovery: world(0),
  prepare(documents, { endpoints } = world(0)) {
    const all = [...documents.values()]
    if (all.some(({ kind }) => kind === 'Broken')) throw gatewayError('RGT_CONFIG_SCHEMA', 'broken')
    const seen = endpoints.s.here.length === 0 ? [] : [`#${endpoints.s.here.length}`]
    const version = [...all.map(({ metadata, spec }) => `${metadata.name}=${String(spec)}`), ...seen].sort().join()
    return {
      compile: (gateway, revision) => ({ format: 1, revision, version, gateway, regions: [], routes: [], services: [], health: defaultHealth }),
      change: (_change, next) => compiler.prepare(next, { ...world(0), endpoints }),
      within: (found) => compiler.prepare(documents, found),
    }
  },
  diff: (base, next): SnapshotDelta => ({
    format: 1, base: base.revision, revision: next.revision, version: next.version,
    routes: { put: [], remove: [base.version] }, services: { put: [], remove: [] }, regions: null, health: null,
  }),
}

const route = (name: string, spec: unknown, kind = 'HTTPRoute'): ConfigDocument => ({ apiVersion: 'v1', kind, metadata: { name }, spec })
const identity = (name: string): GatewayIdentity => ({ name, role: 'region', region: 'here' })

/** A plane with gateways around it, whose connections carry messages only when the test says so. */
function arena(names: string[]) {
  const plane = createPlane('here', compiler)
  const events: GatewayEvent[] = []
  const gateways = new Map(names.map((name) => [name, { held: null as Snapshot | null, connection: 0, inbox: [] as DeliveryMessage[] }]))
  let connections = 0
  let nowUs = 0

  function step(event: PlaneEvent): PlaneAnswer | null {
    let answer: PlaneAnswer | null = null
    for (const effect of plane.step(event, ++nowUs)) {
      if (effect.kind === 'evidence') events.push(effect.event)
      if (effect.kind === 'answer') answer = effect.answer
      const owner = [...gateways.values()].find(({ connection }) => 'connection' in effect && connection === effect.connection)
      if (effect.kind === 'send' && owner !== undefined) owner.inbox.push(effect.message)
      if (effect.kind === 'close' && owner !== undefined) Object.assign(owner, { connection: 0, inbox: [] })
    }
    return answer
  }

  return {
    plane, step, events, gateways,
    connect(name: string) {
      const gateway = gateways.get(name)!
      gateway.inbox = []
      gateway.connection = ++connections
      return step({
        kind: 'connect', connection: gateway.connection, gateway: identity(name),
        revision: gateway.held?.revision ?? 0, version: gateway.held?.version ?? '',
      })
    },
    lose(name: string) {
      const gateway = gateways.get(name)!
      const { connection } = gateway
      Object.assign(gateway, { connection: 0, inbox: [] })
      step({ kind: 'lost', connection })
    },
    /** The gateway takes the next message, as client.ts does; `tell` false loses the acknowledgement. */
    take(name: string, tell = true, refuse: string | null = null) {
      const gateway = gateways.get(name)!
      const message = gateway.inbox.shift()
      if (message === undefined || message.type === 'heartbeat') return
      const { revision, version } = message.type === 'snapshot' ? message.snapshot : message.delta
      let code = refuse
      if (code === null && message.type === 'delta') {
        const fits = message.delta.base === gateway.held?.revision && message.delta.routes.remove[0] === gateway.held.version
        if (!fits) code = 'RGT_SNAPSHOT_GAP'
      }
      if (code === null) {
        gateway.held = message.type === 'snapshot' ? message.snapshot : { ...gateway.held!, revision, version }
      }
      if (!tell) return
      const said = code === null ? { accepted: true } : { accepted: false, code, message: 'no' }
      step({ kind: 'acknowledge', acknowledgement: { gateway: name, revision, version, ...said } })
    },
  }
}

type Arena = ReturnType<typeof arena>
const publish = (plane: Plane, step: Arena['step'], documents: ConfigDocument[]): PlaneAnswer | null =>
  step({ kind: 'publish', asked: { revision: plane.revision + 1, put: documents, remove: [] } })

test('a new gateway gets the whole, then deltas, one at a time and coalesced', () => {
  const { plane, step, connect, take, gateways } = arena(['a'])
  publish(plane, step, [route('one', 1)])
  connect('a')
  const { inbox } = gateways.get('a')!
  for (const spec of [2, 3, 4]) publish(plane, step, [route('one', spec)])
  expect(inbox).toMatchObject([{ type: 'snapshot', snapshot: { revision: 1 } }])
  take('a')
  expect(inbox).toMatchObject([{ type: 'delta', delta: { base: 1, revision: 4 } }])
  take('a')
  expect(gateways.get('a')!.held).toMatchObject({ revision: 4, version: 'one=4' })
  expect(inbox).toEqual([])
})

test('a refused change leaves everything as it was, and its revision free', () => {
  const { plane, step, events, connect, take, gateways } = arena(['a'])
  publish(plane, step, [route('one', 1)])
  connect('a')
  take('a')
  const before = plane.status()
  expect(publish(plane, step, [route('bad', 1, 'Broken')])).toMatchObject({ outcome: 'refused', revision: 1, errors: [{ code: 'RGT_CONFIG_SCHEMA' }] })
  expect(plane.status()).toEqual(before)
  expect(gateways.get('a')!.inbox).toEqual([])
  expect(events.at(-1)).toMatchObject({ kind: 'config-refused', revision: 2, code: 'RGT_CONFIG_SCHEMA' })
  expect(publish(plane, step, [route('one', 2)])).toEqual({ outcome: 'accepted', revision: 2 })
})

test('a change follows exactly the revision before; the same again is no gap', () => {
  const { plane, step } = arena([])
  const asked = { revision: 1, put: [route('one', 1)], remove: [] }
  expect(step({ kind: 'publish', asked })).toEqual({ outcome: 'accepted', revision: 1 })
  expect(step({ kind: 'publish', asked: structuredClone(asked) })).toEqual({ outcome: 'accepted', revision: 1 })
  expect(step({ kind: 'publish', asked: { ...asked, put: [route('one', 2)] } })).toMatchObject({ outcome: 'gap', revision: 1 })
  expect(step({ kind: 'publish', asked: { ...asked, revision: 3 } })).toMatchObject({ outcome: 'gap', errors: [{ code: 'RGT_SNAPSHOT_GAP' }] })
  expect(step({ kind: 'publish', asked: { revision: 9, documents: [] } })).toEqual({ outcome: 'accepted', revision: 9 })
  expect([...plane.documents()]).toEqual([])
})

test('what did not change keeps its identity, whole configurations included', () => {
  const { plane, step } = arena([])
  publish(plane, step, [route('one', 1), route('two', 1)])
  const [one] = plane.documents()
  step({ kind: 'publish', asked: { revision: 2, documents: [route('two', 2), route('one', 1)] } })
  expect([...plane.documents()].find(({ metadata }) => metadata.name === 'one')).toBe(one)
})

test('removing what is not there, and putting twice, are refused', () => {
  const { step } = arena([])
  expect(step({ kind: 'publish', asked: { revision: 1, put: [], remove: [{ kind: 'HTTPRoute', namespace: 'default', name: 'x' }] } }))
    .toMatchObject({ outcome: 'refused', errors: [{ code: 'RGT_CONFIG_REFERENCE' }] })
  expect(step({ kind: 'publish', asked: { revision: 1, put: [route('x', 1), route('x', 2)], remove: [] } }))
    .toMatchObject({ outcome: 'refused', errors: [{ code: 'RGT_CONFIG_CONFLICT' }] })
})

test('a snapshot that a gateway refuses is not pressed on it; the next one is offered from what it holds', () => {
  const { plane, step, events, connect, take, gateways } = arena(['a'])
  publish(plane, step, [route('one', 1)])
  connect('a')
  take('a')
  publish(plane, step, [route('one', 2)])
  take('a', true, 'RGT_LISTEN')
  expect(events.at(-1)).toMatchObject({ kind: 'snapshot-refused', gateway: 'a', revision: 2, code: 'RGT_LISTEN' })
  expect(plane.status().gateways).toMatchObject([{ name: 'a', revision: 1, accepted: false }])
  expect(gateways.get('a')!.inbox).toEqual([])
  publish(plane, step, [route('one', 3)])
  expect(gateways.get('a')!.inbox).toMatchObject([{ delta: { base: 1, revision: 3 } }])
})

test('a delta that does not fit is followed by the whole', () => {
  const { plane, step, connect, take, gateways } = arena(['a'])
  publish(plane, step, [route('one', 1)])
  connect('a')
  take('a')
  gateways.get('a')!.held = null
  publish(plane, step, [route('one', 2)])
  take('a')
  expect(gateways.get('a')!.inbox).toMatchObject([{ type: 'snapshot', snapshot: { revision: 2 } }])
})

test('a plane that is behind what a gateway holds keeps still until it is ahead', () => {
  const { plane, step, connect, gateways } = arena(['a'])
  publish(plane, step, [route('one', 1)])
  gateways.get('a')!.held = compiler.prepare(new Map([['one', route('one', 57)]])).compile(identity('a'), 57)
  connect('a')
  expect(gateways.get('a')!.inbox).toEqual([])
  step({ kind: 'publish', asked: { revision: 58, documents: [route('one', 58)] } })
  expect(gateways.get('a')!.inbox).toMatchObject([{ type: 'snapshot', snapshot: { revision: 58, version: 'one=58' } }])
})

test('an acknowledgement that was lost with its connection is made good by connecting again', () => {
  const { plane, step, events, connect, lose, take, gateways } = arena(['a'])
  publish(plane, step, [route('one', 1)])
  connect('a')
  take('a', false)
  lose('a')
  connect('a')
  expect(gateways.get('a')!.inbox).toEqual([])
  expect(events.filter(({ kind }) => kind === 'snapshot-acknowledged')).toHaveLength(1)
})

test('a gateway that connects anew takes its old connection\'s place', () => {
  const { step, plane, connect, gateways } = arena(['a'])
  connect('a')
  const old = gateways.get('a')!.connection
  gateways.get('a')!.connection = 99
  const effects = plane.step({ kind: 'connect', connection: 99, gateway: identity('a'), revision: 0, version: '' }, 10)
  expect(effects).toContainEqual({ kind: 'close', connection: old })
  step({ kind: 'lost', connection: old })
  expect(plane.status().gateways).toMatchObject([{ connected: true }])
})

test('other endpoints make another version of the same revision, offered as a delta and told once', () => {
  const { plane, step, events, connect, take, gateways } = arena(['a'])
  step({ kind: 'discover', discovery: world(3) })
  publish(plane, step, [route('one', 1)])
  connect('a')
  take('a')
  expect(gateways.get('a')!.held).toMatchObject({ revision: 1, version: '#3,one=1' })
  events.length = 0
  step({ kind: 'discover', discovery: world(2) })
  expect(gateways.get('a')!.inbox).toMatchObject([{ type: 'delta', delta: { base: 1, revision: 1, version: '#2,one=1' } }])
  take('a')
  step({ kind: 'discover', discovery: structuredClone(world(2)) })
  expect(gateways.get('a')!.inbox).toEqual([])
  expect(events).toMatchObject([
    { kind: 'endpoints-changed', services: 1, endpoints: 2 }, { kind: 'snapshot-offered', revision: 1 }, { kind: 'snapshot-acknowledged', revision: 1, elapsedUs: 1 },
  ])
  expect([plane.revision, plane.status().gateways]).toMatchObject([1, [{ revision: 1, version: '#2,one=1', accepted: true }]])
})

test('endpoints that change while something is in flight go out after it, coalesced; a late word about an older version is nothing', () => {
  const { plane, step, connect, take, gateways } = arena(['a'])
  publish(plane, step, [route('one', 1)])
  connect('a')
  for (const endpoints of [1, 2, 3]) step({ kind: 'discover', discovery: world(endpoints) })
  const { inbox } = gateways.get('a')!
  expect(inbox).toMatchObject([{ snapshot: { version: 'one=1' } }])
  step({ kind: 'acknowledge', acknowledgement: { gateway: 'a', revision: 1, version: '#1,one=1', accepted: true } })
  expect(inbox.length).toBe(1)
  take('a')
  expect(inbox).toMatchObject([{ delta: { base: 1, revision: 1, version: '#3,one=1' } }])
  take('a')
  expect(inbox).toEqual([])
})

test('a change of configuration is made in the world as it is by then', () => {
  const { plane, step, connect, take, gateways } = arena(['a'])
  connect('a')
  step({ kind: 'discover', discovery: world(1) })
  publish(plane, step, [route('one', 1)])
  take('a')
  step({ kind: 'discover', discovery: world(2) })
  publish(plane, step, [route('one', 2)])
  take('a')
  take('a')
  expect(gateways.get('a')!.held).toMatchObject({ revision: 2, version: '#2,one=2' })
})

test('an edge that comes from a plane with other endpoints gets the whole of the same revision', () => {
  const { plane, step, connect, take, gateways } = arena(['a'])
  publish(plane, step, [route('one', 1)])
  gateways.get('a')!.held = compiler.prepare(new Map([['one', route('one', 1)]]), world(9)).compile(identity('a'), 1)
  connect('a')
  expect(gateways.get('a')!.inbox).toMatchObject([{ type: 'snapshot', snapshot: { revision: 1, version: 'one=1' } }])
  take('a')
  expect(plane.status().gateways).toMatchObject([{ revision: 1, version: 'one=1', accepted: true }])
})

test('endpoints that a gateway refuses are not pressed on it, those after them are offered', () => {
  const { plane, step, connect, take, gateways } = arena(['a'])
  publish(plane, step, [route('one', 1)])
  connect('a')
  take('a')
  step({ kind: 'discover', discovery: world(1) })
  take('a', true, 'RGT_LISTEN')
  expect([gateways.get('a')!.inbox, plane.status().gateways[0].accepted]).toEqual([[], false])
  step({ kind: 'discover', discovery: world(2) })
  expect(gateways.get('a')!.inbox).toMatchObject([{ delta: { base: 1, revision: 1, version: '#2,one=1' } }])
})

const names = ['a', 'b', 'c']
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), name: fc.constantFrom('x', 'y'), spec: fc.nat(9), broken: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('connect' as const), gateway: fc.constantFrom(...names) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('lose' as const), gateway: fc.constantFrom(...names) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('take' as const), gateway: fc.constantFrom(...names), tell: fc.boolean(), refuse: fc.constantFrom(null, null, 'RGT_LISTEN', 'RGT_SNAPSHOT_GAP') }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), gateway: fc.constantFrom(...names) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('heartbeat' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('discover' as const), endpoints: fc.nat(3) }) },
)

test('any interleaving converges to the newest revision, and no gateway ever goes back or loses what it has', () => {
  fc.assert(fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
    const { plane, step, connect, lose, take, gateways } = arena(names)
    const expected = new Map<string, number>()
    for (const one of actions) {
      const before = new Map(names.map((name) => [name, gateways.get(name)!.held?.revision ?? 0]))
      if (one.do === 'publish') {
        const answer = publish(plane, step, [route(one.name, one.spec, one.broken ? 'Broken' : 'HTTPRoute')])
        expect(answer?.outcome).toBe(one.broken ? 'refused' : 'accepted')
        if (!one.broken) expected.set(one.name, one.spec)
      }
      if (one.do === 'connect') connect(one.gateway)
      if (one.do === 'lose') lose(one.gateway)
      if (one.do === 'take') take(one.gateway, one.tell, one.refuse)
      // A gateway process that starts anew without its last good snapshot.
      if (one.do === 'forget') {
        lose(one.gateway)
        gateways.get(one.gateway)!.held = null
        before.set(one.gateway, 0)
      }
      if (one.do === 'heartbeat') step({ kind: 'heartbeat' })
      if (one.do === 'discover') step({ kind: 'discover', discovery: world(one.endpoints) })
      for (const name of names) expect(gateways.get(name)!.held?.revision ?? 0).toBeGreaterThanOrEqual(before.get(name)!)
    }
    // One more accepted change, connections restored, everything delivered: all hold the newest.
    expected.set('last', 1)
    step({ kind: 'discover', discovery: world(0) })
    publish(plane, step, [route('last', 1)])
    for (const name of names) connect(name)
    for (let round = 0; round < 8; round++) for (const name of names) take(name)
    const version = [...expected].map(([name, spec]) => `${name}=${spec}`).sort().join()
    for (const name of names) expect(gateways.get(name)!.held).toMatchObject({ revision: plane.revision, version })
    expect(plane.status().gateways.every(({ revision, accepted }) => revision === plane.revision && accepted)).toBe(true)
  }), { numRuns: 500 })
})
