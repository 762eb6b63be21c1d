// The publisher's way to a control plane through a cluster in memory, joined to the real cores on the other side.

import { beforeEach, expect, test } from 'vitest'
import { planeCompiler } from '../../../gateway/controlplane/compiler.ts'
import { memoryCluster, slowWatches, type MemoryCluster } from '../../../gateway/controlplane/kubernetes/cluster.case.ts'
import { toCluster, type ClusterObject } from '../../../gateway/controlplane/kubernetes/namespaces.ts'
import { configRevisionName, type ConfigRevisionStatus } from '../../../gateway/controlplane/kubernetes/revision.ts'
import { quietUs } from '../../../gateway/controlplane/kubernetes/settle.ts'
import { createSource, watchedOf } from '../../../gateway/controlplane/kubernetes/source.ts'
import { createPlane, type PlaneAnswer, type PlaneEvent } from '../../../gateway/controlplane/plane.ts'
import { discovery, route, shop } from '../../../gateway/controlplane/shop.case.ts'
import type { GatewayEvent } from '../../../gateway/ports.ts'
import { topologyError } from '../../errors.ts'
import { firstChange, openPublication, type PlaneReply, type PublicationNote } from '../../publication.ts'
import type { ConfigChange } from '../../substrate.ts'
import type { PlaneTransport } from '../sockets/publisher.ts'
import type { ObjectRef, RegionApi } from './api/api.ts'
import { clusterPlane } from './publish.ts'

const namespaces = { system: 'run-system', ofConfig: { shop: 'run-shop' } }
const where = { systemNamespace: namespaces.system, namespaces: namespaces.ofConfig }

/** Refuses by schema as the API server does, is away when a test says so, and tells what was asked of it. */
function apiOver(cluster: MemoryCluster, hear: () => void) {
  const state = { away: false, calls: [] as string[] }
  const call = (what: string): void => {
    if (state.away) throw topologyError('RGT_KUBERNETES', 'the API server does not answer', { found: 'nothing' })
    state.calls.push(what)
  }
  const api = {
    region: 'eu-west', context: 'memory',
    async apply(objects) {
      return objects.map((object) => {
        call(`apply ${object.kind} ${object.metadata?.name}`)
        if ((object as { spec?: { rules?: unknown } }).spec?.rules === 'nonsense') {
          throw topologyError('RGT_KUBERNETES', 'the API server refused', { found: '500: failed to create typed patch object: .spec.rules: expected list' })
        }
        const stored = cluster.put(object as ClusterObject)
        hear()
        return stored
      })
    },
    async read({ kind, namespace = '', name }: ObjectRef) {
      call(`read ${kind} ${name}`)
      return cluster.read(kind, namespace, name)
    },
    async remove({ kind, namespace = '', name }: ObjectRef) {
      call(`remove ${kind} ${name}`)
      cluster.remove(kind, namespace, name)
      hear()
    },
  } as Partial<RegionApi> as RegionApi
  return { api, state }
}

function arena() {
  const cluster = memoryCluster()
  const plane = createPlane('eu-west', planeCompiler(discovery))
  const events: GatewayEvent[] = []
  const notes: { kind: string }[] = []
  let nowUs = 1_000_000
  let deaf = false
  const step = (event: PlaneEvent): PlaneAnswer | null => {
    const effects = plane.step(event, nowUs)
    for (const effect of effects) if (effect.kind === 'evidence') events.push(effect.event)
    return effects.find((effect) => effect.kind === 'answer')?.answer ?? null
  }
  const source = createSource({
    source: where, region: 'eu-west', discovery, held: () => ({ revision: plane.revision, documents: plane.documents() }),
    publish: (asked) => step({ kind: 'publish', asked })!, discover: (world) => void step({ kind: 'discover', discovery: world }),
    tell: (event) => events.push(event), relist() {},
    answer: (status) => cluster.setStatus('ConfigRevision', namespaces.system, configRevisionName, status),
  })
  const watches = slowWatches(cluster, watchedOf(where), source)
  watches.listAll(nowUs)
  const hear = (): void => { if (!deaf) watches.hearAll(nowUs) }
  const { api, state } = apiOver(cluster, hear)
  const transport: PlaneTransport = clusterPlane({ region: 'eu-west', api, namespaces, journal: { note: (note) => notes.push(note) } })
  return {
    cluster, plane, events, notes, state, transport,
    ask: (asked: ConfigChange, signal = AbortSignal.timeout(5000)) => transport.ask(asked, signal),
    deaf(is: boolean) {
      deaf = is
      hear()
    },
    pass(us: number) {
      nowUs += us
      hear()
      source.step({ kind: 'tick' }, nowUs)
    },
    names: () => cluster.list('HTTPRoute', 'run-shop').map(({ metadata: { name } }) => name).sort(),
    served: () => [...plane.documents()].filter(({ kind }) => kind === 'HTTPRoute').map(({ metadata, spec }) =>
      `${metadata.name}=${(spec as { rules: { timeouts: { request: string } }[] }).rules[0].timeouts.request}`).sort(),
    status: () => cluster.read('ConfigRevision', namespaces.system, configRevisionName)?.status as ConfigRevisionStatus,
  }
}

let here: ReturnType<typeof arena>
beforeEach(() => { here = arena() })
const bad = { ...route('bad', '/bad'), spec: { rules: 'nonsense' } }
/** Follows the schema, and still does not hold. */
const lost = { ...route('lost', '/lost'), spec: { ...(route('lost', '/lost').spec as object), parentRefs: [{ name: 'nowhere' }] } }

test('documents, then the ConfigRevision, then the answer; what leaves is removed after it', async () => {
  expect(await here.ask(firstChange([...shop(1), route('b', '/b')]))).toEqual({ kind: 'accepted' })
  expect(here.state.calls.filter((call) => !call.startsWith('read'))).toEqual(['apply HTTPRoute catalog', 'apply Gateway shop', 'apply HTTPRoute b', 'apply ConfigRevision active'])
  here.state.calls.length = 0
  expect(await here.ask({ revision: 2, put: [route('catalog', '/catalog', 9)], remove: [{ kind: 'HTTPRoute', namespace: 'shop', name: 'b' }] })).toEqual({ kind: 'accepted' })
  expect(here.state.calls.filter((call) => !call.startsWith('read'))).toEqual(['apply HTTPRoute catalog', 'apply ConfigRevision active', 'remove HTTPRoute b'])
  expect([here.served(), here.names(), here.status()]).toMatchObject([['catalog=9s'], ['catalog'], { revision: 2, outcome: 'accepted', held: 2 }])
  expect(here.cluster.read('HTTPRoute', 'run-shop', 'catalog')?.metadata.annotations).toEqual({ 'regatta.dev/revision': '2' })
})

test.for([['the API server', bad], ['the control plane', lost]] as const)('what %s refuses leaves nothing behind, and its revision is free', async ([who, broken]) => {
  await here.ask(firstChange(shop(1)))
  const before = here.cluster.list('HTTPRoute', 'run-shop').map(({ spec, metadata }) => ({ spec, annotations: metadata.annotations }))
  const reply = await here.ask({ revision: 2, put: [route('catalog', '/catalog', 9), route('new', '/new'), broken], remove: [] })
  expect(reply).toMatchObject({ kind: 'refused', body: expect.stringContaining(broken === bad ? 'expected list' : 'nowhere') as string })
  expect(here.cluster.list('HTTPRoute', 'run-shop').map(({ spec, metadata }) => ({ spec, annotations: metadata.annotations }))).toEqual(before)
  expect([here.plane.revision, here.served()]).toEqual([1, ['catalog=1s']])
  const told = [...here.events, ...here.notes].filter(({ kind }) => kind === 'config-refused')
  expect(told).toMatchObject([{ revision: 2, code: who === 'the API server' ? 'RGT_KUBERNETES' : 'RGT_CONFIG_REFERENCE' }])
  here.pass(quietUs)
  expect(await here.ask({ revision: 2, put: [route('new', '/new', 2)], remove: [] })).toEqual({ kind: 'accepted' })
  expect([here.plane.revision, here.served()]).toEqual([2, ['catalog=1s', 'new=2s']])
})

test('a first revision that is refused is gone as a whole', async () => {
  expect(await here.ask(firstChange([...shop(1), lost]))).toMatchObject({ kind: 'refused' })
  expect([here.names(), here.cluster.read('ConfigRevision', 'run-system', configRevisionName), here.plane.revision]).toEqual([[], null, 0])
  expect(await here.ask(firstChange(shop(1)))).toEqual({ kind: 'accepted' })
})

test('a plane that says nothing is silent, and what it missed is sent again whole or as it was', async () => {
  await here.ask(firstChange(shop(1)))
  here.deaf(true)
  const second: ConfigChange = { revision: 2, put: [route('catalog', '/catalog', 2), route('x', '/x', 2)], remove: [] }
  expect(await here.ask(second, AbortSignal.timeout(120))).toMatchObject({ kind: 'silent' })
  expect(await here.ask(second, AbortSignal.timeout(120))).toMatchObject({ kind: 'silent' })
  // What is newest by then follows what was never heard of: a gap, and so the whole.
  const third: ConfigChange = { revision: 3, put: [route('catalog', '/catalog', 3)], remove: [{ kind: 'HTTPRoute', namespace: 'shop', name: 'x' }] }
  expect(await here.ask(third)).toMatchObject({ kind: 'gap', held: 1 })
  const whole = here.transport.ask({ revision: 3, documents: [route('catalog', '/catalog', 3), ...shop(1).slice(1)] }, AbortSignal.timeout(5000))
  await new Promise((resolve) => { setTimeout(resolve, 80) })
  here.deaf(false)
  expect(await whole).toEqual({ kind: 'accepted' })
  expect([here.served(), here.names(), here.plane.revision]).toEqual([['catalog=3s'], ['catalog'], 3])
})

test('an API server that is away is silence; the same change is taken when it is back, and once more is no gap', async () => {
  await here.ask(firstChange(shop(1)))
  here.state.away = true
  const change: ConfigChange = { revision: 2, put: [route('catalog', '/catalog', 2)], remove: [] }
  expect(await here.ask(change)).toMatchObject({ kind: 'silent', reason: expect.stringContaining('does not answer') as string })
  here.state.away = false
  expect(await here.ask(change)).toEqual({ kind: 'accepted' })
  expect(await here.ask(change)).toEqual({ kind: 'accepted' })
  expect(here.events.filter(({ kind }) => kind === 'config-accepted')).toHaveLength(2)
})

test('what a person changed meanwhile is a gap, and stays as the person has it', async () => {
  await here.ask(firstChange(shop(1)))
  here.cluster.put(toCluster(route('catalog', '/catalog', 5), 1, namespaces.ofConfig))
  here.pass(0)
  here.pass(quietUs)
  expect([here.plane.revision, here.served()]).toEqual([2, ['catalog=5s']])
  expect(await here.ask({ revision: 2, put: [route('catalog', '/catalog', 7)], remove: [] })).toMatchObject({ kind: 'gap', held: 2 })
  here.pass(quietUs)
  expect([here.plane.revision, here.served()]).toEqual([2, ['catalog=5s']])
})

test('a namespace that the cluster has no counterpart of is refused before anything is touched', async () => {
  await here.ask(firstChange(shop(1)))
  const { length } = here.cluster.log
  expect(await here.ask({ revision: 2, put: [{ ...route('x', '/x'), metadata: { name: 'x', namespace: 'nowhere' } }], remove: [] })).toMatchObject({ kind: 'refused' })
  expect(here.cluster.log.length).toBe(length)
})

test('as a publication sees it: published, refused and withdrawn, published', async () => {
  const notes: PublicationNote[] = []
  const publication = openPublication({
    regions: ['eu-west'], scheduler: { after: () => () => {} }, tell: (note) => notes.push(note),
    send: (_region, asked, replied: (reply: PlaneReply) => void) => void here.transport.ask(asked, AbortSignal.timeout(5000)).then(replied),
  })
  const publish = (change: ConfigChange) => new Promise((resolve) => { publication.publish(change, resolve) })
  expect(await publish(firstChange(shop(1)))).toBeNull()
  expect(await publish({ revision: 2, put: [lost], remove: [] })).toMatchObject({ code: 'RGT_UNSUPPORTED' })
  expect(await publish({ revision: 2, put: [route('b', '/b', 2)], remove: [] })).toBeNull()
  expect(notes).toMatchObject([{ kind: 'config-published', revision: 1, documents: 2 }, { kind: 'config-published', revision: 2, documents: 1 }])
  publication.close()
})
