// The delivery core alone: what only time and order decide. What real connections add is in delivery.local.test.ts.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { GatewayEvent } from '../ports.ts'
import { diffSnapshots } from '../snapshot/delta.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { parseDelta, parseSnapshot } from '../snapshot/validate.ts'
import { openAlarm } from './alarm.ts'
import { planeCompiler } from './compiler.ts'
import { createDelivery, type DeliveryEffect, type DeliveryEvent } from './delivery.ts'
import { replaceDocuments } from './documents.ts'
import type { Acknowledgement, DeliveryMessage } from './protocol.ts'
import { compiled, discovery, shop } from './shop.case.ts'

const second = 1_000_000
const bornUs = 7 * second

function gatewayAt(addresses: string[], jitter = 1) {
  const told: GatewayEvent[] = []
  const state = { held: null as Snapshot | null }
  const core = createDelivery({
    addresses, gateway: { name: 'eu-west', role: 'region', region: 'eu-west' },
    held: () => state.held,
    apply(snapshot) { state.held = snapshot },
    tell: (event) => told.push(event),
    random: { next: () => jitter },
    checks: { snapshot: parseSnapshot, delta: parseDelta },
  }, bornUs)
  /** Connections asked for until `untilUs`, each ended `afterUs` later as failed. */
  const fail = (untilUs: number, afterUs = 0): { address: number; atUs: number }[] => {
    const asked: { address: number; atUs: number }[] = []
    while (core.nextUs <= untilUs) {
      const atUs = core.nextUs
      for (const effect of core.step({ kind: 'tick' }, atUs)) {
        if (effect.kind !== 'connect') continue
        asked.push({ address: effect.address, atUs: atUs - bornUs })
        core.step({ kind: 'ended', connection: effect.connection, reason: 'refused', refused: false }, atUs + afterUs)
      }
    }
    return asked
  }
  return { core, told, state, fail, kinds: () => told.map(({ kind }) => kind) }
}

const accepted = (effects: DeliveryEffect[]): Acknowledgement[] => effects.flatMap((one) => (one.kind === 'acknowledge' ? [one.acknowledgement] : []))

test('the other addresses are asked at once, and each round without success doubles the pause up to a second', () => {
  const asked = gatewayAt(['a', 'b']).fail(bornUs + 6 * second)
  expect(asked.map(({ address }) => address).slice(0, 6)).toEqual([0, 1, 0, 1, 0, 1])
  const rounds = asked.filter(({ address }) => address === 0).map(({ atUs }) => atUs / 1000)
  expect(rounds.map((atMs, index) => (index === 0 ? 0 : atMs - rounds[index - 1]))).toEqual([0, 50, 100, 200, 400, 800, 1000, 1000, 1000, 1000])
})

test('jitter takes off at most half of a pause', () => {
  expect(gatewayAt(['a'], 0).fail(bornUs + 0.1 * second).map(({ atUs }) => atUs / 1000)).toEqual([0, 25, 75])
})

test('at birth a control plane that is not there yet is not lost; after a while it is, once', () => {
  const { fail, kinds } = gatewayAt(['a'])
  fail(bornUs + 2.4 * second)
  expect(kinds()).toEqual([])
  fail(bornUs + 9 * second)
  expect(kinds()).toEqual(['control-plane-lost', 'log'])
})

test('silence ends a connection; a part of a message is no silence; an event of an old connection is nothing', () => {
  const { core, kinds } = gatewayAt(['a', 'b'])
  expect(core.step({ kind: 'tick' }, bornUs)).toEqual([{ kind: 'connect', connection: 1, address: 0, revision: 0, version: '' }])
  core.step({ kind: 'heard', connection: 1 }, bornUs + second)
  expect(core.nextUs).toBe(bornUs + 3.5 * second)
  expect(core.step({ kind: 'tick' }, bornUs + 3.4 * second)).toEqual([])
  expect(core.step({ kind: 'tick' }, bornUs + 3.5 * second)).toEqual([{ kind: 'close', connection: 1 }])
  expect(kinds()).toEqual(['control-plane-lost', 'log'])
  expect(core.step({ kind: 'message', connection: 1, message: { type: 'heartbeat' } }, bornUs + 3.6 * second)).toEqual([])
  expect(core.step({ kind: 'tick' }, core.nextUs)).toMatchObject([{ kind: 'connect', connection: 2, address: 1 }])
  expect(kinds()).not.toContain('control-plane-found')
})

test('an acknowledgement that nobody answers ends a connection that is not silent', () => {
  const { core, state } = gatewayAt(['a'])
  const at = (us: number, event: DeliveryEvent): DeliveryEffect[] => core.step(event, bornUs + us)
  at(0, { kind: 'tick' })
  expect(accepted(at(10, { kind: 'message', connection: 1, message: { type: 'snapshot', snapshot: compiled('eu-west', 1) } }))).toMatchObject([{ accepted: true }])
  at(20, { kind: 'answered', connection: 1 })
  at(second, { kind: 'message', connection: 1, message: { type: 'snapshot', snapshot: compiled('eu-west', 2) } })
  for (const us of [2, 3]) at(us * second, { kind: 'message', connection: 1, message: { type: 'heartbeat' } })
  expect(core.nextUs).toBe(bornUs + 3.5 * second)
  expect(at(3.5 * second, { kind: 'tick' })).toEqual([{ kind: 'close', connection: 1 }])
  expect(core.step({ kind: 'tick' }, core.nextUs)).toMatchObject([{ kind: 'connect', revision: 2, version: state.held?.version }])
})

test('another version of the revision that is held is taken, as a delta from one plane and whole from the next', () => {
  const { core, state } = gatewayAt(['a', 'b'])
  const first = compiled('eu-west', 3)
  const other = (host: string): Snapshot => planeCompiler({
    ...discovery, endpoints: { 'shop/catalog:8080': { 'eu-west': [{ host, port: 9 }] } },
  }).prepare(replaceDocuments(new Map(), shop(3))).compile({ name: 'eu-west', role: 'region', region: 'eu-west' }, 3)
  const [second, third] = [other('10.0.0.1'), other('10.0.0.2')]
  const take = (connection: number, message: DeliveryMessage): Acknowledgement[] => accepted(core.step({ kind: 'message', connection, message }, bornUs + 20))
  core.step({ kind: 'tick' }, bornUs)
  take(1, { type: 'snapshot', snapshot: first })
  expect(take(1, { type: 'delta', delta: diffSnapshots(first, second) })).toMatchObject([{ revision: 3, version: second.version, accepted: true }])
  expect(state.held).toEqual(second)
  // A delta from a version that is not held leads elsewhere, and is refused.
  expect(take(1, { type: 'delta', delta: diffSnapshots(first, { ...third, routes: [] }) })).toMatchObject([{ accepted: false, code: 'RGT_SNAPSHOT_FORMAT' }])
  core.step({ kind: 'ended', connection: 1, reason: 'x', refused: false }, bornUs + 30)
  expect(core.step({ kind: 'tick' }, core.nextUs)).toMatchObject([{ kind: 'connect', address: 1, revision: 3, version: second.version }])
  expect(take(2, { type: 'snapshot', snapshot: third })).toMatchObject([{ version: third.version, accepted: true }])
  expect(state.held).toEqual(third)
})

test('a refusal from the first moment is told at once, and what cannot be understood is asked again after a second', () => {
  const refusing = gatewayAt(['a'])
  refusing.core.step({ kind: 'tick' }, bornUs)
  refusing.core.step({ kind: 'ended', connection: 1, reason: 'refused with 401', refused: true }, bornUs)
  expect(refusing.kinds()).toEqual(['control-plane-lost', 'log'])
  const babbling = gatewayAt(['a', 'b'])
  babbling.core.step({ kind: 'tick' }, bornUs)
  babbling.core.step({ kind: 'malformed', connection: 1, error: new Error('babble') }, bornUs)
  expect([babbling.kinds(), babbling.core.nextUs]).toEqual([['log', 'control-plane-lost', 'log'], bornUs + second])
})

test('without an address nothing is ever due', () => {
  expect(gatewayAt([]).core.nextUs).toBe(Infinity)
})

test('whatever comes in whatever order: one connection at a time, never back, and nothing is due twice at one time', () => {
  const event = fc.record({
    kind: fc.constantFrom('heard' as const, 'heartbeat' as const, 'snapshot' as const, 'answered' as const, 'ended' as const, 'malformed' as const, 'tick' as const),
    back: fc.nat(1), revision: fc.integer({ min: 1, max: 4 }), laterUs: fc.integer({ min: 0, max: 3 * second }),
  })
  fc.assert(fc.property(fc.array(event, { maxLength: 40 }), (events) => {
    const { core, state } = gatewayAt(['a', 'b', 'c'], 0.5)
    let [nowUs, open, newest] = [bornUs, 0, 0]
    for (const { kind, back, revision, laterUs } of events) {
      nowUs += laterUs
      const connection = Math.max(0, newest - back)
      const step: DeliveryEvent = kind === 'tick' ? { kind }
        : kind === 'heartbeat' ? { kind: 'message', connection, message: { type: 'heartbeat' } }
        : kind === 'snapshot' ? { kind: 'message', connection, message: { type: 'snapshot', snapshot: compiled('eu-west', revision) } }
        : kind === 'ended' ? { kind, connection, reason: 'x', refused: false }
        : kind === 'malformed' ? { kind, connection, error: new Error('x') } : { kind, connection }
      const before = state.held?.revision ?? 0
      for (const effect of core.step(step, nowUs)) {
        if (effect.kind === 'connect') [open, newest] = [open + 1, effect.connection]
        else {
          expect(effect.connection).toBe(newest)
          if (effect.kind === 'close') open--
        }
        expect([0, 1]).toContain(open)
      }
      expect(state.held?.revision ?? 0).toBeGreaterThanOrEqual(before)
      // Giving up and asking the next address may fall together; a third tick would never end.
      if (kind === 'tick' && core.nextUs <= nowUs) {
        for (const effect of core.step({ kind: 'tick' }, nowUs)) if (effect.kind === 'connect') [open, newest] = [open + 1, effect.connection]
      }
      if (kind === 'tick') expect(core.nextUs).toBeGreaterThan(nowUs)
    }
  }))
})

test('an alarm that is put off fires early once; one that is brought forward fires then', () => {
  const timers: { delayMs: number; run: () => void; live: boolean }[] = []
  let [nowUs, woken] = [0, 0]
  const alarm = openAlarm({ nowUs: () => nowUs, nowNs: () => 0n }, {
    after(delayMs, run) {
      const timer = { delayMs, run, live: true }
      timers.push(timer)
      return () => { timer.live = false }
    },
    every: () => () => {}, afterReading: () => () => {},
  }, () => { woken++ })
  alarm.set(5000)
  alarm.set(9000)
  expect(timers).toMatchObject([{ delayMs: 5, live: true }])
  alarm.set(2000)
  expect(timers).toMatchObject([{ live: false }, { delayMs: 2, live: true }])
  nowUs = 2000
  timers[1].run()
  alarm.set(1000)
  alarm.set(Infinity)
  expect([woken, timers.length, timers[2].delayMs]).toEqual([1, 3, 0])
  alarm.cancel()
  expect(timers[2].live).toBe(false)
})
