// Orders of what watches bring: whatever comes when, a control plane never serves half of a revision, and ends with what
// the cluster holds.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { GatewayEvent } from '../../ports.ts'
import { planeCompiler } from '../compiler.ts'
import { refKey } from '../documents.ts'
import { createPlane, type PlaneAnswer, type PlaneEvent } from '../plane.ts'
import type { ConfigDocument, Discovery, WholeConfig } from '../protocol.ts'
import { discovery, route, shop } from '../shop.case.ts'
import { memoryCluster, slowWatches, type MemoryCluster } from './cluster.case.ts'
import { toCluster, type ClusterObject } from './namespaces.ts'
import { configRevisionApi, configRevisionName, revisionAnnotation, type ConfigRevisionStatus, type ListedDocument } from './revision.ts'
import { quietUs, relistUs } from './settle.ts'
import { createSource, watchedOf, type Source } from './source.ts'

const namespaces = { shop: 'run-shop' }
const watched = watchedOf({ systemNamespace: 'run-system', namespaces })
const indexOf = (kind: string): number => watched.findIndex(({ collection }) => collection.kind === kind)

/** A control plane beside a cluster: it hears only what its test lets it hear, and writes its status at once. */
function regionOf(cluster: MemoryCluster, journal: WholeConfig | null = null) {
  const plane = createPlane('eu-west', planeCompiler(discovery))
  const events: GatewayEvent[] = []
  const asked: WholeConfig[] = []
  const worlds: Discovery[] = []
  let nowUs = 1_000_000_000
  let relists = 0
  const step = (event: PlaneEvent): PlaneAnswer | null => {
    const effects = plane.step(event, nowUs)
    for (const effect of effects) if (effect.kind === 'evidence') events.push(effect.event)
    return effects.find((effect) => effect.kind === 'answer')?.answer ?? null
  }
  if (journal !== null) step({ kind: 'publish', asked: journal })
  const source: Source = createSource({
    source: { systemNamespace: 'run-system', namespaces }, region: 'eu-west', discovery,
    held: () => ({ revision: plane.revision, documents: plane.documents() }),
    publish(whole) {
      const answer = step({ kind: 'publish', asked: whole })!
      if (answer.outcome === 'accepted') asked.push(whole)
      return answer
    },
    discover(world) {
      worlds.push(world)
      step({ kind: 'discover', discovery: world })
    },
    tell: (event) => events.push(event),
    answer: (status) => cluster.setStatus('ConfigRevision', 'run-system', configRevisionName, status),
    relist: () => { relists++ },
  })
  const watches = slowWatches(cluster, watched, source)
  return {
    plane, source, events, asked, worlds, watches,
    get relists() { return relists },
    get nowUs() { return nowUs },
    pass(us: number) {
      nowUs += us
      while (source.nextUs <= nowUs) source.step({ kind: 'tick' }, nowUs)
    },
    /** Everything is heard and all is quiet; lists that were asked for come. */
    settle() {
      for (let round = 0; round < 6; round++) {
        const before = relists
        watches.hearAll(nowUs)
        this.pass(relistUs)
        if (relists > before) watches.listAll(nowUs)
      }
    },
    status: () => cluster.read('ConfigRevision', 'run-system', configRevisionName)?.status as ConfigRevisionStatus | undefined,
    /** name=timeout of each route in force. */
    served: () => [...plane.documents()].filter(({ kind }) => kind === 'HTTPRoute').map(timeoutOf).sort(),
  }
}

const timeoutOf = ({ metadata, spec }: Pick<ConfigDocument, 'metadata' | 'spec'>): string =>
  `${metadata.name}=${(spec as { rules: { timeouts: { request: string } }[] }).rules?.[0].timeouts.request ?? '?'}`

/** As the publisher does it: documents first, then the ConfigRevision, then what left. */
function publisherTo(cluster: MemoryCluster) {
  const listed = new Map<string, ListedDocument>()
  const put = (revision: number, documents: readonly ConfigDocument[]): void => {
    for (const document of documents) {
      const { kind, metadata: { namespace = 'default', name } } = document
      const object = cluster.put(toCluster(document, revision, namespaces))
      listed.set(refKey({ kind, namespace, name }), { kind, namespace, name, revision, uid: object.metadata.uid, generation: object.metadata.generation })
    }
  }
  return {
    put, listed,
    drop: (kind: string, name: string) => listed.delete(refKey({ kind, namespace: 'shop', name })),
    name(revision: number): ClusterObject {
      return cluster.put({
        ...configRevisionApi, metadata: { name: configRevisionName, namespace: 'run-system' },
        spec: { revision, documents: [...listed.values()] },
      } as ClusterObject)
    },
    sweep() {
      for (const object of cluster.list('HTTPRoute', 'run-shop')) {
        const mine = object.metadata.annotations?.[revisionAnnotation] !== undefined
        if (mine && !listed.has(refKey({ kind: 'HTTPRoute', namespace: 'shop', name: object.metadata.name }))) cluster.remove('HTTPRoute', 'run-shop', object.metadata.name)
      }
    },
    publish(revision: number, documents: readonly ConfigDocument[]) {
      put(revision, documents)
      this.name(revision)
    },
  }
}

/** A region that holds the shop's first revision. */
function holdingOne() {
  const cluster = memoryCluster()
  const region = regionOf(cluster)
  const publisher = publisherTo(cluster)
  publisher.publish(1, shop(1))
  region.watches.listAll(region.nowUs)
  return { cluster, region, publisher }
}

const byHand = (document: ConfigDocument): ClusterObject => {
  const { metadata, ...object } = toCluster(document, 1, namespaces)
  const { annotations: _annotations, ...rest } = metadata
  return { ...object, metadata: rest }
}

test('a revision is taken when all that it lists is there, whichever watch is late', () => {
  const cluster = memoryCluster()
  const region = regionOf(cluster)
  region.watches.listAll(region.nowUs)
  expect([region.source.synced, region.plane.revision]).toEqual([true, 0])
  const publisher = publisherTo(cluster)
  publisher.publish(1, shop(1))
  region.watches.hear(indexOf('ConfigRevision'), 1, region.nowUs)
  region.watches.hear(indexOf('HTTPRoute'), 1, region.nowUs)
  expect([region.plane.revision, region.status()]).toEqual([0, undefined])
  region.watches.hear(indexOf('Gateway'), 1, region.nowUs)
  expect(region.plane.revision).toBe(1)
  expect(region.status()).toEqual({ observedGeneration: 1, revision: 1, outcome: 'accepted', held: 1, errors: [] })
  expect(region.asked[0].documents).toEqual([...shop(1)].sort((a, b) => (a.kind < b.kind ? -1 : 1)))
  expect(region.source.nextUs).toBe(Infinity)
})

test('a revision that does not hold is refused with its errors, and what is put back changes nothing', () => {
  const cluster = memoryCluster()
  const region = regionOf(cluster)
  region.watches.listAll(region.nowUs)
  const publisher = publisherTo(cluster)
  publisher.publish(1, shop(1))
  region.settle()
  publisher.publish(2, [{ ...route('catalog', '/catalog'), spec: { ...(route('catalog', '/catalog').spec as object), parentRefs: [{ name: 'nowhere' }] } }])
  region.settle()
  expect(region.status()).toMatchObject({ observedGeneration: 2, revision: 2, outcome: 'refused', held: 1, errors: [{ code: 'RGT_CONFIG_REFERENCE' }] })
  publisher.put(1, shop(1).slice(0, 1))
  publisher.name(1)
  region.settle()
  expect(region.status()).toMatchObject({ observedGeneration: 3, outcome: 'accepted', held: 1 })
  // The revision is free again, though its ConfigRevision says what the refused one said.
  publisher.put(2, [route('catalog', '/catalog', 7)])
  publisher.name(2)
  region.watches.hear(indexOf('ConfigRevision'), 10, region.nowUs)
  expect(region.plane.revision).toBe(1)
  region.settle()
  expect([region.plane.revision, region.served()]).toEqual([2, ['catalog=7s']])
  expect(region.events.map(({ kind }) => kind).filter((kind) => kind.startsWith('config'))).toEqual(['config-accepted', 'config-refused', 'config-accepted'])
})

test('what a person changes is the next revision once all is quiet, and never while a publication is under way', () => {
  const { cluster, region, publisher } = holdingOne()
  cluster.put(byHand(route('mine', '/mine', 4)))
  region.watches.hearAll(region.nowUs)
  region.pass(quietUs - 1)
  expect(region.plane.revision).toBe(1)
  region.pass(1)
  expect([region.plane.revision, region.served(), region.status()?.held]).toEqual([2, ['catalog=1s', 'mine=4s'], 2])
  publisher.put(3, [route('catalog', '/catalog', 9)])
  cluster.put(byHand(route('mine', '/mine', 5)))
  region.settle()
  expect(region.plane.revision).toBe(2)
  publisher.name(3)
  region.settle()
  // The publication takes along what is in force of the person's; what is new of it comes next.
  expect([region.plane.revision, region.served()]).toEqual([4, ['catalog=9s', 'mine=5s']])
  expect(region.asked.map(({ revision }) => revision)).toEqual([1, 2, 3, 4])
})

test('what a person breaks is refused once, told in the status, and taken when it is mended', () => {
  const { cluster, region } = holdingOne()
  cluster.put(byHand({ ...route('mine', '/mine'), spec: { rules: [] } }))
  region.settle()
  region.settle()
  expect(region.events.filter(({ kind }) => kind === 'config-refused')).toHaveLength(1)
  expect(region.status()).toMatchObject({ outcome: 'accepted', held: 1, errors: [{ code: 'RGT_CONFIG_SCHEMA' }, {}] })
  cluster.put(byHand(route('mine', '/mine', 2)))
  region.settle()
  expect([region.plane.revision, region.status()]).toMatchObject([2, { held: 2, errors: [] }])
})

test('a revision that follows nothing held is a gap; the same once more is none', () => {
  const { cluster, region, publisher } = holdingOne()
  cluster.put(byHand(route('mine', '/mine', 4)))
  region.settle()
  publisher.publish(2, [route('catalog', '/catalog', 9)])
  region.settle()
  expect(region.status()).toMatchObject({ revision: 2, outcome: 'gap', held: 2 })
  expect(region.served()).toEqual(['catalog=1s', 'mine=4s'])
})

test('a control plane that is started anew without its memory takes what the cluster says, at the revision that gateways hold', () => {
  const cluster = memoryCluster()
  const first = regionOf(cluster)
  publisherTo(cluster).publish(1, [...shop(1), route('other', '/other')])
  first.watches.listAll(first.nowUs)
  // kubectl replace: the annotation goes; kubectl delete: a listed document goes.
  cluster.put(byHand(route('catalog', '/catalog', 6)))
  cluster.remove('HTTPRoute', 'run-shop', 'other')
  first.settle()
  expect([first.plane.revision, first.served()]).toEqual([2, ['catalog=6s']])
  const second = regionOf(cluster)
  second.watches.listAll(second.nowUs)
  // Everything was listed after the ConfigRevision, so what it lists and is not there has gone since.
  expect([second.plane.revision, second.relists, second.served()]).toEqual([2, 0, ['catalog=6s']])
})

test('with its journal it goes on where it was, and takes what was published meanwhile', () => {
  const { cluster, region: first, publisher } = holdingOne()
  const journal: WholeConfig = { revision: 1, documents: [...first.plane.documents()] }
  const same = regionOf(cluster, journal)
  same.watches.listAll(same.nowUs)
  same.settle()
  expect([same.plane.revision, same.asked]).toEqual([1, []])
  publisher.publish(2, [route('catalog', '/catalog', 8)])
  const later = regionOf(cluster, journal)
  later.watches.listAll(later.nowUs)
  expect([later.plane.revision, later.served(), later.status()]).toMatchObject([2, ['catalog=8s'], { revision: 2, outcome: 'accepted' }])
})

test('a document that never comes makes everything be listed anew, once, and what is not there then has gone', () => {
  const cluster = memoryCluster()
  const region = regionOf(cluster)
  region.watches.listAll(region.nowUs)
  const publisher = publisherTo(cluster)
  publisher.listed.set('HTTPRoute/shop/gone', { kind: 'HTTPRoute', namespace: 'shop', name: 'gone', revision: 1 })
  publisher.publish(1, shop(1))
  region.watches.hearAll(region.nowUs)
  region.pass(relistUs - 1)
  expect([region.relists, region.plane.revision]).toEqual([0, 0])
  region.pass(1)
  expect(region.relists).toBe(1)
  region.watches.listAll(region.nowUs)
  expect([region.relists, region.plane.revision, region.served()]).toEqual([1, 1, ['catalog=1s']])
})

test('without a ConfigRevision what a person applied is the configuration', () => {
  const cluster = memoryCluster()
  const region = regionOf(cluster)
  region.watches.listAll(region.nowUs)
  for (const document of shop(3)) cluster.put(byHand(document))
  region.settle()
  expect([region.plane.revision, region.served()]).toEqual([1, ['catalog=3s']])
})

const names = ['a', 'b', 'c']
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('publish' as const), put: fc.subarray(names, { minLength: 1 }), drop: fc.subarray(names), broken: fc.nat(5) }) },
  { weight: 12, arbitrary: fc.record({ do: fc.constant('hear' as const), watch: fc.nat(watched.length - 1), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('list' as const), watch: fc.nat(watched.length - 1) }) },
  { weight: 3, arbitrary: fc.constant({ do: 'arrive' as const }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('pass' as const), us: fc.constantFrom(1000, quietUs, relistUs) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'restart' as const }) },
)

/** A publisher that does one thing at a time, so that watches are heard in between; it waits for each answer. */
function slowPublisher(cluster: MemoryCluster, status: () => ConfigRevisionStatus | undefined) {
  const publisher = publisherTo(cluster)
  /** What each accepted revision says. */
  const states = new Map<number, string>()
  let steps: (() => boolean)[] = []
  let routes = new Map<string, number>()
  let revision = 0
  const add = (run: () => unknown): void => { steps.push(() => { run(); return true }) }

  function finish(asked: number, next: Map<string, number>, restore: (() => unknown)[], generation: number): boolean {
    const answer = status()
    if (answer?.observedGeneration !== generation) return false
    if (answer.outcome === 'accepted') {
      [revision, routes] = [asked, next]
      add(() => publisher.sweep())
    } else {
      for (const one of restore) add(one)
    }
    return true
  }

  return {
    states,
    get idle() { return steps.length === 0 },
    begin(put: string[], drop: string[], bad: boolean) {
      if (steps.length > 0) return
      const asked = revision + 1
      const next = new Map(routes)
      for (const name of drop) next.delete(name)
      for (const name of put) next.set(name, asked)
      const listed = new Map(publisher.listed)
      const gateway = asked === 1 ? shop(1).slice(1) : []
      const documents = [...gateway, ...put.map((name) => (bad ? { ...route(name, `/${name}`), spec: { rules: 'nonsense' } } : route(name, `/${name}`, asked)))]
      const restore = [...documents.map(({ kind, metadata: { name } }) => {
        const before = cluster.read(kind, 'run-shop', name)
        return () => (before === null ? cluster.remove(kind, 'run-shop', name) : cluster.put(before))
      }), () => {
        publisher.listed.clear()
        for (const [key, value] of listed) publisher.listed.set(key, value)
        return revision === 0 ? cluster.remove('ConfigRevision', 'run-system', configRevisionName) : publisher.name(revision)
      }]
      if (!bad) states.set(asked, [...next].map(([name, timeout]) => `${name}=${timeout}s`).sort().join())
      for (const document of documents) add(() => publisher.put(asked, [document]))
      let generation = 0
      add(() => {
        for (const name of drop.filter((one) => !put.includes(one))) publisher.drop('HTTPRoute', name)
        generation = publisher.name(asked).metadata.generation!
      })
      steps.push(() => finish(asked, next, restore, generation))
    },
    /** One thing. */
    go() {
      const [first, ...rest] = steps
      steps = rest
      if (first !== undefined && !first()) steps = [first, ...steps]
    },
  }
}

test('whatever is heard when, every revision is taken whole or not at all, and in the end the newest is held', () => {
  let [accepted, refused, restarted] = [0, 0, 0]
  fc.assert(fc.property(fc.array(action, { minLength: 20, maxLength: 80, size: 'max' }), (actions) => {
    const cluster = memoryCluster()
    let region = regionOf(cluster)
    const all = [region]
    const publisher = slowPublisher(cluster, () => region.status())
    let arriving: ((nowUs: number) => void)[] = []
    region.watches.listAll(region.nowUs)
    for (const one of actions) {
      if (one.do === 'publish') publisher.begin(one.put, one.drop, one.broken === 0)
      if (one.do === 'hear') region.watches.hear(one.watch, one.count, region.nowUs)
      if (one.do === 'list') arriving.push(region.watches.list(one.watch, region.nowUs))
      if (one.do === 'arrive') arriving.shift()?.(region.nowUs)
      if (one.do === 'pass') region.pass(one.us)
      if (one.do === 'restart') {
        arriving = []
        region = regionOf(cluster)
        all.push(region)
        region.watches.listAll(region.nowUs)
      }
      publisher.go()
    }
    for (const arrive of arriving) arrive(region.nowUs)
    for (let round = 0; round < 20; round++) {
      publisher.go()
      region.settle()
    }
    expect(publisher.idle).toBe(true)
    for (const whole of all.flatMap(({ asked }) => asked)) {
      const found = whole.documents.filter(({ kind }) => kind === 'HTTPRoute').map(timeoutOf).sort().join()
      expect({ revision: whole.revision, found }).toEqual({ revision: whole.revision, found: publisher.states.get(whole.revision) })
      accepted++
    }
    refused += all.flatMap(({ events }) => events).filter(({ kind }) => kind === 'config-refused').length
    restarted += all.length - 1
    const newest = Math.max(0, ...publisher.states.keys())
    expect(region.plane.revision).toBe(newest)
    if (newest > 0) expect(region.served().join()).toBe(publisher.states.get(newest))
  }), { numRuns: 300 })
  // The property says nothing where nothing happened.
  expect([accepted > 200, refused > 20, restarted > 100]).toEqual([true, true, true])
})

test('whatever people change meanwhile, in the end what the cluster holds is what is served', () => {
  const handAction = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('edit' as const), name: fc.constantFrom('x', 'y', 'catalog'), timeout: fc.integer({ min: 1, max: 9 }), broken: fc.nat(4) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), name: fc.constantFrom('x', 'y') }) },
    { weight: 8, arbitrary: fc.record({ do: fc.constant('hear' as const), watch: fc.constantFrom(indexOf('HTTPRoute'), indexOf('ConfigRevision')), count: fc.integer({ min: 1, max: 2 }) }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), us: fc.constantFrom(1000, quietUs) }) },
  )
  fc.assert(fc.property(fc.array(handAction, { maxLength: 40, size: 'max' }), (actions) => {
    const cluster = memoryCluster()
    const region = regionOf(cluster)
    region.watches.listAll(region.nowUs)
    publisherTo(cluster).publish(1, shop(1))
    region.watches.hearAll(region.nowUs)
    for (const one of actions) {
      if (one.do === 'edit') {
        const document = route(one.name, `/${one.name}`, one.timeout)
        // kubectl edit leaves the annotation; what a person adds has none.
        const object = one.name === 'catalog' ? toCluster(document, 1, namespaces) : byHand(document)
        cluster.put(one.broken === 0 ? { ...object, spec: { rules: 'nonsense' } } : object)
      }
      if (one.do === 'delete') cluster.remove('HTTPRoute', 'run-shop', one.name)
      if (one.do === 'hear') region.watches.hear(one.watch, one.count, region.nowUs)
      if (one.do === 'pass') region.pass(one.us)
    }
    for (const name of ['x', 'y', 'catalog']) cluster.put(name === 'catalog' ? toCluster(route(name, '/c', 3), 1, namespaces) : byHand(route(name, `/${name}`, 3)))
    region.settle()
    expect([region.served(), region.status()]).toMatchObject([['catalog=3s', 'x=3s', 'y=3s'], { outcome: 'accepted', held: region.plane.revision, errors: [] }])
    const revisions = region.asked.map(({ revision }) => revision)
    expect(revisions).toEqual(revisions.map((_, index) => index + 1))
  }), { numRuns: 200 })
})

test('endpoints of the own region are those that are ready, from before the first revision on', () => {
  const cluster = memoryCluster()
  const pod = (host: string, ready?: boolean) => ({ addresses: [host], conditions: ready === undefined ? {} : { ready } })
  const slice = (name: string, endpoints: unknown[]): ClusterObject => ({
    apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', ports: [{ name: 'http', port: 10_000 }], endpoints,
    metadata: { name, namespace: 'run-shop', labels: { 'kubernetes.io/service-name': 'catalog' } },
  })
  cluster.put({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'catalog', namespace: 'run-shop' }, spec: { ports: [{ name: 'http', port: 8080 }] } })
  cluster.put(slice('one', [pod('10.0.0.9'), pod('10.0.0.2', true), pod('10.0.0.3', false)]))
  const region = regionOf(cluster)
  publisherTo(cluster).publish(1, shop(1))
  region.watches.listAll(region.nowUs)
  const hosts = (): string[] => region.worlds.at(-1)!.endpoints['shop/catalog:8080']['eu-west'].map(({ host, port }) => `${host}:${port}`)
  expect(hosts()).toEqual(['10.0.0.2:10000', '10.0.0.9:10000'])
  expect(region.events.map(({ kind }) => kind)).toEqual(['endpoints-changed', 'config-accepted'])
  expect(region.worlds[0].endpoints['shop/catalog:8080']['us-east']).toEqual(discovery.endpoints['shop/catalog:8080']['us-east'])
  cluster.put(slice('one', [pod('10.0.0.2', true)]))
  cluster.put(slice('two', [pod('10.0.0.2'), pod('10.0.0.4')]))
  region.watches.hearAll(region.nowUs)
  expect(region.worlds).toHaveLength(1)
  region.pass(20_000)
  expect([region.worlds.length, hosts()]).toEqual([2, ['10.0.0.2:10000', '10.0.0.4:10000']])
  cluster.remove('Service', 'run-shop', 'catalog')
  region.watches.hearAll(region.nowUs)
  region.pass(20_000)
  expect(hosts()).toEqual([])
})
