// The publisher against real control planes over real sockets, which come and go; its seconds pass when a test says so.

import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { planeCompiler } from '../../../gateway/controlplane/compiler.ts'
import { createPlane } from '../../../gateway/controlplane/plane.ts'
import type { ConfigChange, WholeConfig } from '../../../gateway/controlplane/protocol.ts'
import { startControlPlaneServer } from '../../../gateway/controlplane/server.ts'
import { discovery, route, shop } from '../../../gateway/controlplane/shop.case.ts'
import { systemClock, systemScheduler } from '../../../gateway/runtime.ts'
import type { PublicationNote } from '../../publication.ts'
import { httpPlane, openPublisher } from './publisher.ts'

const token = 'the-token-of-this-run'
const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** `known` is what its journal held. */
async function startPlane(port: number, known: WholeConfig | null = null) {
  const plane = createPlane('eu-west', planeCompiler(discovery))
  if (known !== null) plane.step({ kind: 'publish', asked: known }, systemClock.nowUs())
  const offered: number[] = []
  const { step } = plane
  plane.step = (event, nowUs) => {
    if (event.kind === 'publish') offered.push(event.asked.revision)
    return step(event, nowUs)
  }
  const asked: (ConfigChange | WholeConfig)[] = []
  const server = await startControlPlaneServer({
    plane, listen: { host: '127.0.0.1', port }, token, clock: systemClock, scheduler: systemScheduler,
    evidence: { event() {}, attempt() {} }, accepted: (one) => asked.push(one),
  })
  closing.push(() => server.close())
  return { plane, offered, asked, port: server.address.port, stop: () => server.close() }
}

function startPublisher(port: number) {
  const notes: PublicationNote[] = []
  const timers = new Set<() => void>()
  const publisher = openPublisher({
    planes: [httpPlane('eu-west', port, token)], journal: { note: (note) => { notes.push(note as PublicationNote) } },
    scheduler: {
      after(_, run) {
        timers.add(run)
        return () => timers.delete(run)
      },
    },
  })
  closing.push(() => publisher.close())
  return {
    publisher, timers,
    /** A second passes. The first request after a plane was lost may yet find the connection of the old one. */
    passing<T>(look: () => T): T {
      for (const run of [...timers]) {
        timers.delete(run)
        run()
      }
      return look()
    },
    published: () => notes.flatMap((note) => (note.kind === 'config-published' ? [note.revision] : [])),
    texts: () => notes.flatMap((note) => (note.kind === 'tool' ? [note.text] : [])),
  }
}

const change = (revision: number): ConfigChange => ({ revision, put: [route(`route-${revision}`, `/${revision}`)], remove: [] })
const names = (documents: Iterable<{ metadata: { name: string } }>): string[] => [...documents].map(({ metadata }) => metadata.name)

test('a plane that was dead is given what it missed, the whole at once, when it is back', async () => {
  const first = await startPlane(0)
  const { publisher, passing, published, texts, timers } = startPublisher(first.port)
  await publisher.publishAll(shop(1))
  await first.stop()
  await publisher.publish(change(2))
  await publisher.publish(change(3))
  const before = timers.size
  passing(() => expect(timers.size).toBe(before - 1))
  await expect.poll(() => timers.size).toBe(before)
  expect(texts()).toEqual([expect.stringMatching(/^revision 2 not delivered/), expect.stringMatching(/^revision 3 not delivered/)])
  const second = await startPlane(first.port, { revision: 1, documents: shop(1) })
  await expect.poll(() => passing(published)).toEqual([1, 3])
  expect(second.asked).toMatchObject([{ revision: 3, documents: expect.any(Array) as unknown[] }])
  expect(names(second.plane.documents())).toEqual(['catalog', 'shop', 'route-2', 'route-3'])
  expect([timers.size, texts().length]).toEqual([0, 2])
})

test('a plane whose journal lost something is given it again; one that lost nothing takes nothing', async () => {
  const first = await startPlane(0)
  const { publisher, passing, published, timers } = startPublisher(first.port)
  await publisher.publishAll(shop(1))
  await publisher.publish(change(2))
  await first.stop()
  const second = await startPlane(first.port, { revision: 1, documents: shop(1) })
  publisher.restarted('gateway/eu-west')
  expect(timers.size).toBe(0)
  publisher.restarted('control-plane/eu-west')
  expect(timers.size).toBe(1)
  await expect.poll(() => passing(() => second.plane.revision)).toBe(2)
  await second.stop()
  const third = await startPlane(first.port, { revision: 2, documents: [...second.plane.documents()].reverse() })
  publisher.restarted('control-plane/eu-west')
  await expect.poll(() => passing(() => third.offered)).toEqual([2])
  await publisher.publish(change(3))
  await expect.poll(() => passing(published)).toEqual([1, 2, 3])
  expect(third.asked).toEqual([change(3)])
})

test('a refusal rejects, and its revision is free for something better', async () => {
  const { port } = await startPlane(0)
  const { publisher, published, timers } = startPublisher(port)
  await publisher.publishAll(shop(1))
  await expect(publisher.publish({ revision: 2, put: [{ ...route('bad', '/bad'), spec: {} }], remove: [] }))
    .rejects.toMatchObject({ code: 'RGT_UNSUPPORTED', details: { found: expect.stringMatching(/^422 /) as string } })
  expect(timers.size).toBe(0)
  await publisher.publish(change(2))
  expect(published()).toEqual([1, 2])
})

test('closed while a plane is silent: the request is given up, who waits goes on, and nothing is sent again', async () => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {}).resume()
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  closing.push(() => new Promise((resolve) => { server.close(resolve) }))
  const { publisher, timers, texts } = startPublisher((server.address() as AddressInfo).port)
  const publishing = publisher.publishAll(shop(1))
  await expect.poll(() => sockets.size).toBe(1)
  publisher.close()
  publisher.close()
  await publishing
  await expect.poll(() => sockets.size).toBe(0)
  expect([timers.size, texts()]).toEqual([0, []])
})
