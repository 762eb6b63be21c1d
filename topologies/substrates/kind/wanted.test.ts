// What primitives ask of a region together: the worst of each, whatever their order, and nothing of their neighbours.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Primitive } from '../../primitives.ts'
import { regionsOf, wantedOf } from './wanted.ts'

const whole = ['gateway', 'services', 'control-plane'] as const
const pause = (parts: readonly string[], region = 'eu'): Primitive => ({ kind: 'pause', at: [{ region, parts: [...parts] as never }] })
const stop = (parts: readonly string[], region = 'eu'): Primitive => ({ kind: 'stop', at: [{ region, parts: [...parts] as never }] })

test('all parts together are the machines; some of them are parts', () => {
  expect(wantedOf('eu', [pause(whole)], 'pause')).toMatchObject({ machines: 'frozen', parts: new Map() })
  expect(wantedOf('eu', [stop(['gateway', 'services'])], 'pause')).toMatchObject({ machines: 'running', parts: new Map([['gateway', 'dead'], ['services', 'dead']]) })
  expect(wantedOf('eu', [pause([...whole, 'dns'])], 'pause')).toMatchObject({ machines: 'frozen', parts: new Map([['dns', 'frozen']]) })
})

test('isolation freezes machines, or takes them off their network', () => {
  const isolate: Primitive = { kind: 'isolate', regions: ['eu'] }
  expect(wantedOf('eu', [isolate], 'pause')).toMatchObject({ machines: 'frozen', disconnected: false })
  expect(wantedOf('eu', [isolate], 'disconnect')).toMatchObject({ machines: 'running', disconnected: true })
  expect(wantedOf('us', [isolate], 'pause')).toMatchObject({ machines: 'running', disconnected: false })
})

test('dead is worse than frozen, and the larger loss counts, in any order', () => {
  const inForce: Primitive[] = [
    pause(whole), stop(whole), pause(['gateway']), stop(['gateway']), { kind: 'loss', regions: ['eu'], share: 0.1 }, { kind: 'loss', regions: ['eu'], share: 0.3 },
    { kind: 'isolate', regions: ['eu'] }, { kind: 'unready', at: [{ region: 'eu', parts: ['services'] }] }, pause(whole, 'us'),
  ]
  const expected = { machines: 'dead', disconnected: false, loss: 0.3, parts: new Map([['gateway', 'dead']]), unready: new Set(['services']), degradations: [] }
  fc.assert(fc.property(fc.shuffledSubarray(inForce, { minLength: inForce.length }), (order) => {
    expect(wantedOf('eu', order, 'pause')).toEqual(expected)
  }))
})

test('what is about links concerns no region', () => {
  expect(regionsOf({ kind: 'cut', on: [{ from: 'edge:a', to: 'region:eu' }], mode: 'refuse' })).toEqual([])
  expect(wantedOf('eu', [{ kind: 'cut', on: [{ from: 'edge:a', to: 'region:eu' }], mode: 'refuse' }], 'pause')).toMatchObject({ machines: 'running' })
  expect(regionsOf({ kind: 'degrade', at: [{ region: 'eu', services: null }, { region: 'eu', services: ['a/b:1'] }], delayMs: 1, errorRate: 0 })).toEqual(['eu'])
})
