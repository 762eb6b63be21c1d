// Faults that overlap on one place: whatever order they heal in, what is still in force stays, and what is not goes.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Primitive } from '../../primitives.ts'
import { openFaultDesk, type RunningCollector } from './primitives.ts'
import type { Topology } from '../../topology.ts'
import type { LinkBoard } from '../sockets/links.ts'
import type { Supervisor } from '../sockets/processes.ts'

/** Processes that remember only whether they run and are stopped. */
function world(
  healLink: () => Promise<void> = async () => {}, ready: () => Promise<void> = () => Promise.resolve(), applyLink: LinkBoard['apply'] = async () => {},
  collector: RunningCollector | null = { process: 'collector', ready: async () => {} },
) {
  const dead = new Set<string>()
  const frozen = new Set<string>()
  const ended: string[] = []
  const supervisor = {
    pause: (name: string) => { if (!dead.has(name)) frozen.add(name) },
    resume: (name: string) => void frozen.delete(name),
    kill: async (name: string) => { ended.push(name); await Promise.resolve(); dead.add(name); frozen.delete(name) },
    restart: (name: string) => {
      if (!dead.delete(name)) throw new Error(`${name} was not dead`)
    },
    ready,
    end: async (name: string) => { ended.push(name); await Promise.resolve(); dead.add(name); frozen.delete(name) },
  } as unknown as Supervisor
  const desk = openFaultDesk({
    topology, supervisor, token: 'token', readyTimeoutMs: 100, servicesPort: () => 0, collector,
    links: { lay: async () => {}, apply: applyLink, heal: healLink },
  })
  return { desk, dead, frozen, ended }
}

const topology: Pick<Topology, 'links'> = { links: [{ from: 'region:a', to: 'edge:e', rttMs: 1, source: 'stated' }, { from: 'region:b', to: 'edge:e', rttMs: 1, source: 'stated' }] }

const parts = ['gateway', 'control-plane'] as const
const regions = ['a', 'b']
const placed = fc.record({
  kind: fc.constantFrom('pause' as const, 'stop' as const, 'kill' as const, 'evict' as const),
  at: fc.uniqueArray(fc.record({ region: fc.constantFrom(...regions), parts: fc.subarray([...parts], { minLength: 1 }) }), { minLength: 1, maxLength: 2, selector: ({ region }) => region }),
})

test('after any applying and healing, each process is as the primitives in force say', async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(placed, { minLength: 1, maxLength: 4 }), fc.array(fc.record({ which: fc.nat(3), waits: fc.boolean() }), { maxLength: 12 }),
    async (faults, moves) => {
      const { desk, dead, frozen } = world()
      const inForce = new Set<number>()
      const pending: Promise<void>[] = []
      for (const { which, waits } of moves) {
        const index = which % faults.length
        const on = !inForce.has(index)
        if (on) inForce.add(index)
        else inForce.delete(index)
        const done = on ? desk.apply(String(index), faults[index] as Primitive) : desk.heal(String(index))
        pending.push(done)
        if (waits) await done
      }
      await Promise.all(pending)
      const under = (kind: string, name: string): boolean => [...inForce].some((index) => faults[index].kind === kind
        && faults[index].at.some((place) => place.parts.some((part) => `${part}/${place.region}` === name)))
      for (const name of regions.flatMap((region) => parts.map((part) => `${part}/${region}`))) {
        expect(dead.has(name), `${name} dead`).toBe(under('stop', name))
        expect(frozen.has(name), `${name} frozen`).toBe(under('pause', name) && !under('stop', name))
      }
      await desk.healAll()
      await desk.healAll()
      expect([...dead, ...frozen]).toEqual([])
    },
  ))
})

test.each(['kill', 'evict'] as const)('%s ends each process once, and is healed when all serve again', async (kind) => {
  const { desk, dead, ended } = world()
  await desk.apply('once', { kind, at: [{ region: 'a', parts: ['gateway', 'control-plane'] }] })
  await desk.heal('once')
  expect(ended).toEqual(['gateway/a', 'control-plane/a'])
  expect([...dead]).toEqual([])
  await desk.heal('once')
  expect(ended).toHaveLength(2)
})

test('a replacement that never serves makes the healing fail, and says why', async () => {
  const { desk } = world(undefined, () => Promise.reject(new Error('it came back and died')))
  await desk.apply('once', { kind: 'kill', at: [{ region: 'a', parts: ['gateway'] }] })
  await expect(desk.healAll()).rejects.toThrow('it came back and died')
  await desk.healAll()
})

test('a collector that refuses has ended and one that hangs is stopped, and overlapping ones heal in any order', async () => {
  const { desk, dead, frozen } = world()
  await desk.apply('hang', { kind: 'collector', mode: 'hang' })
  expect([[...dead], [...frozen]]).toEqual([[], ['collector']])
  await desk.apply('refuse', { kind: 'collector', mode: 'refuse' })
  expect([[...dead], [...frozen]]).toEqual([['collector'], []])
  await desk.heal('refuse')
  expect([[...dead], [...frozen]]).toEqual([[], ['collector']])
  await desk.heal('hang')
  expect([[...dead], [...frozen]]).toEqual([[], []])
})

test('without a collector its outage is refused', async () => {
  const { desk } = world(undefined, undefined, undefined, null)
  await expect(desk.apply('it', { kind: 'collector', mode: 'hang' })).rejects.toMatchObject({ code: 'RGT_UNSUPPORTED' })
})

test('a region is isolated by a black hole on each of its links', async () => {
  const applied: unknown[] = []
  const { desk } = world(undefined, undefined, async (_, primitive) => void applied.push(primitive))
  await desk.apply('dark', { kind: 'isolate', regions: ['a'] })
  expect(applied).toEqual([{ kind: 'cut', mode: 'black-hole', on: [{ from: 'region:a', to: 'edge:e' }] }])
})

test.each([
  { kind: 'unready', at: [] }, { kind: 'loss', regions: [], share: 0.1 }, { kind: 'stop', at: [{ region: 'a', parts: ['api-server'] }] },
] satisfies Primitive[])('$kind of what this machine has not is refused', async (primitive) => {
  await expect(world().desk.apply('it', primitive)).rejects.toMatchObject({ code: 'RGT_UNSUPPORTED' })
})

test('what is not supported is refused, and needs no healing', async () => {
  const { desk } = world()
  await expect(desk.apply('skew', { kind: 'skew', at: [], offsetMs: 1 })).rejects.toMatchObject({ code: 'RGT_UNSUPPORTED' })
  await desk.healAll()
})

test('healing goes on with the others when one cannot be healed, and tells of it', async () => {
  const { desk, frozen } = world(() => Promise.reject(new Error('the proxy is gone')))
  await desk.apply('cut', { kind: 'cut', on: [], mode: 'refuse' })
  await desk.apply('freeze', { kind: 'pause', at: [{ region: 'a', parts: ['gateway'] }] })
  expect([...frozen]).toEqual(['gateway/a'])
  await expect(desk.healAll()).rejects.toThrow('the proxy is gone')
  expect([...frozen]).toEqual([])
})

test('overlapping degradations of one region heal in any order', async () => {
  const asked: [path: string, body: { services: string[] | null; delayMs?: number }][] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => { text += chunk.toString() })
    request.on('end', () => { asked.push([request.url!, JSON.parse(text) as never]); response.end('{}') })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const desk = openFaultDesk({
    topology, links: { lay: async () => {}, apply: async () => {}, heal: async () => {} },
    supervisor: {} as Supervisor, token: 'token', readyTimeoutMs: 100, servicesPort: () => port,
  })
  const degrade = (services: string[] | null, delayMs: number): Primitive => ({ kind: 'degrade', at: [{ region: 'a', services }], delayMs, errorRate: 0 })
  await desk.apply('all', degrade(null, 10))
  await desk.apply('one', degrade(['x'], 20))
  asked.length = 0
  await desk.heal('all')
  expect(asked).toEqual([['/restore', { services: null }], ['/degrade', { services: ['x'], delayMs: 20, errorRate: 0 }]])
  asked.length = 0
  await desk.heal('one')
  expect(asked).toEqual([['/restore', { services: null }]])
  server.close()
})
