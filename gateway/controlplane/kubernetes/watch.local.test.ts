// Lists and watches over real sockets: what a control plane takes, resumes, lists anew and complains of. Pauses pass fifty
// times as fast as they would.

import { afterEach, expect, test } from 'vitest'
import type { GatewayEvent, Scheduler } from '../../ports.ts'
import { systemClock, systemScheduler } from '../../runtime.ts'
import { planeCompiler } from '../compiler.ts'
import { createPlane, type PlaneAnswer, type PlaneEvent } from '../plane.ts'
import { discovery, route, shop } from '../shop.case.ts'
import { configCollections, discoveryCollections } from './collections.ts'
import { fakeApiServer, type FakeApiServer } from './api-server.case.ts'
import { toCluster, type ClusterObject } from './namespaces.ts'
import { configRevisionApi, configRevisionName, type ConfigRevisionStatus, type ListedDocument } from './revision.ts'
import { watchCluster } from './watch.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const hasty: Scheduler = { ...systemScheduler, after: (delayMs, run) => systemScheduler.after(delayMs / 50, run) }
const namespaces = { shop: 'shop' }
/** Kinds of the configuration, what discovery reads, and the revision. */
const everything = Object.keys(configCollections).length + discoveryCollections.length + 1

async function start() {
  const server = await fakeApiServer()
  closing.push(() => server.down())
  return { server, ...controlPlane(server) }
}

function controlPlane(server: FakeApiServer) {
  const plane = createPlane('eu-west', planeCompiler(discovery))
  const events: GatewayEvent[] = []
  const step = (event: PlaneEvent): PlaneAnswer | null => {
    const effects = plane.step(event, systemClock.nowUs())
    for (const effect of effects) if (effect.kind === 'evidence') events.push(effect.event)
    return effects.find((effect) => effect.kind === 'answer')?.answer ?? null
  }
  const watching = watchCluster({
    source: { systemNamespace: 'system', namespaces }, region: 'eu-west', discovery, config: server.config,
    clock: systemClock, scheduler: hasty, evidence: { event: (event) => events.push(event), attempt() {} },
    held: () => ({ revision: plane.revision, documents: plane.documents() }),
    publish: (asked) => step({ kind: 'publish', asked })!,
    discover: (found) => void step({ kind: 'discover', discovery: found }),
  })
  closing.push(() => watching.close())
  return { plane, events, watching }
}

const listed: ListedDocument[] = []
function publish({ cluster }: FakeApiServer, revision: number, documents = shop(revision)): void {
  if (revision === 1) listed.length = 0
  for (const document of documents) {
    const { kind, metadata: { name } } = document
    const { metadata } = cluster.put(toCluster(document, revision, namespaces))
    const at = listed.findIndex((one) => one.kind === kind && one.name === name)
    const entry = { kind, namespace: 'shop', name, revision, uid: metadata.uid, generation: metadata.generation }
    if (at === -1) listed.push(entry)
    else listed[at] = entry
  }
  cluster.put({ apiVersion: configRevisionApi.apiVersion, kind: 'ConfigRevision', metadata: { name: configRevisionName, namespace: 'system' }, spec: { revision, documents: [...listed] } } as ClusterObject)
}

const statusIn = ({ cluster }: FakeApiServer): ConfigRevisionStatus | undefined =>
  cluster.read('ConfigRevision', 'system', configRevisionName)?.status as ConfigRevisionStatus | undefined
const until = (hold: () => void): Promise<void> => expect.poll(() => { hold(); return true }, { interval: 5, timeout: 5000 }).toBe(true) as unknown as Promise<void>
const kindsOf = (events: readonly GatewayEvent[]): string[] => events.map(({ kind }) => kind)

test('what is published is taken and answered; what is there before is taken at the start, in pages', async () => {
  const { server, plane, watching } = await start()
  await until(() => expect(watching.synced).toBe(true))
  expect(plane.revision).toBe(0)
  publish(server, 1, [...shop(1), route('b', '/b'), route('c', '/c')])
  await until(() => expect(statusIn(server)).toMatchObject({ revision: 1, outcome: 'accepted', held: 1 }))
  const other = controlPlane(server)
  await until(() => expect(other.plane.revision).toBe(1))
  expect([...other.plane.documents()].map(({ metadata }) => metadata.name)).toEqual(['shop', 'b', 'c', 'catalog'])
  expect(kindsOf(other.events)).toEqual(['endpoints-changed', 'config-accepted'])
})

test('the ConfigRevision is listed before everything else', async () => {
  const { server, watching } = await start()
  await until(() => expect(watching.synced).toBe(true))
  const lists = server.asked.filter((one) => one.startsWith('list'))
  expect([lists[0], new Set(lists).size, lists.length]).toEqual(['list ConfigRevision', everything, everything])
})

test('watches that break go on from where they were, bookmarks included, without a new list', async () => {
  const { server, plane, events } = await start()
  publish(server, 1)
  await until(() => expect(statusIn(server)?.held).toBe(1))
  server.bookmark()
  const version = server.cluster.version
  await until(() => expect(server.asked.filter((one) => one.startsWith('watch'))).toHaveLength(everything))
  const before = server.asked.length
  // The bookmark has to arrive before its connection goes.
  await new Promise((resolve) => { setTimeout(resolve, 50) })
  server.disconnect()
  publish(server, 2, [route('catalog', '/catalog', 2)])
  await until(() => expect(statusIn(server)?.held).toBe(2))
  const since = server.asked.slice(before)
  expect(since.filter((one) => one.startsWith('list'))).toEqual([])
  expect(since).toContain(`watch HTTPRoute ${version}`)
  expect([plane.revision, kindsOf(events).filter((kind) => kind.startsWith('api-server'))]).toEqual([2, []])
})

test('a version that the server has forgotten is followed by a new list', async () => {
  const { server, plane } = await start()
  publish(server, 1)
  await until(() => expect(statusIn(server)?.held).toBe(1))
  server.cluster.put({ ...toCluster(route('mine', '/mine'), 1, namespaces), metadata: { name: 'mine', namespace: 'shop' } })
  server.forgetBefore(server.cluster.version + 1)
  const before = server.asked.length
  server.disconnect()
  publish(server, 2, [route('catalog', '/catalog', 2)])
  await until(() => expect(plane.revision).toBeGreaterThan(1))
  expect(server.asked.slice(before).filter((one) => one === 'list HTTPRoute').length).toBeGreaterThan(0)
})

test('a kind that the server does not know is told once, counts as empty, and is taken when it comes', async () => {
  const server = await fakeApiServer()
  closing.push(() => server.down())
  server.unknown.add('serviceimports')
  server.unknown.add('configrevisions')
  const { plane, events, watching } = controlPlane(server)
  await until(() => expect(watching.synced).toBe(true))
  server.unknown.clear()
  publish(server, 1)
  await until(() => expect(plane.revision).toBe(1))
  await until(() => expect(server.asked).toContain('list ServiceImport'))
  expect(events.filter((event) => event.kind === 'log').map(({ code }) => code)).toEqual(['RGT_KIND_MISSING', 'RGT_KIND_MISSING'])
})

test('what it may not read is told once, is asked for again, and keeps it from being ready', async () => {
  const server = await fakeApiServer()
  closing.push(() => server.down())
  server.forbidden.add('httproutes')
  const { events, watching } = controlPlane(server)
  await until(() => expect(kindsOf(events)).toContain('log'))
  expect(events.at(-1)).toMatchObject({ code: 'RGT_API_SERVER', level: 'error', message: expect.stringContaining('httproutes is forbidden') as string })
  expect(watching.synced).toBe(false)
  server.forbidden.clear()
  await until(() => expect(watching.synced).toBe(true))
  expect(events.filter(({ kind }) => kind === 'log')).toHaveLength(1)
})

test('a server that is gone is told once, and found again; what happened meanwhile is taken, from where the watches were', async () => {
  const { server, plane, events } = await start()
  publish(server, 1)
  await until(() => expect(statusIn(server)?.held).toBe(1))
  await server.down()
  await until(() => expect(kindsOf(events)).toContain('api-server-lost'))
  expect([...plane.documents()]).toHaveLength(2)
  publish(server, 2, [route('catalog', '/catalog', 2)])
  const before = server.asked.length
  await server.up()
  await until(() => expect(statusIn(server)?.held).toBe(2))
  expect(kindsOf(events).filter((kind) => kind.startsWith('api-server'))).toEqual(['api-server-lost', 'api-server-found'])
  expect(server.asked.slice(before).filter((one) => one.startsWith('list'))).toEqual([])
})

test('a document that its ConfigRevision lists and nobody sees makes everything be listed anew', async () => {
  const { server, plane } = await start()
  publish(server, 1, [...shop(1), route('gone', '/gone')])
  await until(() => expect(plane.revision).toBe(1))
  const { metadata } = server.cluster.put(toCluster(route('gone', '/gone', 9), 2, namespaces))
  server.cluster.remove('HTTPRoute', 'shop', 'gone')
  listed.find(({ name }) => name === 'gone')!.uid = metadata.uid
  publish(server, 2, [route('catalog', '/catalog', 2)])
  await until(() => expect(plane.revision).toBe(2))
  expect([...plane.documents()].map(({ metadata: { name } }) => name)).toEqual(['shop', 'catalog'])
})

test('closed, it asks for nothing more', async () => {
  const { server, watching } = await start()
  await until(() => expect(server.asked.filter((one) => one.startsWith('watch'))).toHaveLength(everything))
  expect(watching.synced).toBe(true)
  watching.close()
  const before = server.asked.length
  publish(server, 1)
  await new Promise((resolve) => { setTimeout(resolve, 150) })
  expect(server.asked.length).toBe(before)
})
