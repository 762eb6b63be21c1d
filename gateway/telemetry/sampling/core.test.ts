// Tries how keys come and go, and what is told of them.

import { describe, expect, test } from 'vitest'
import { createSamplingCore, probabilityOf, thresholdRange } from './index.ts'
import { adaptiveOf, samplingOf } from './traffic.case.ts'

const key = (route: string, protocol = 'http1') => ({ tenant: 'shop', route, protocol })

describe('keys', () => {
  test('are the same while tenant, route and protocol are', () => {
    const core = createSamplingCore()
    const settings = samplingOf({ kind: 'always-on' })
    const [one, other, again] = [core.key(key('a'), settings), core.key(key('a', 'grpc'), settings), core.key(key('a'), settings)]
    expect([one === again, one === other]).toEqual([true, false])
  })

  test('beyond the limit share one a policy, and come out of it when there is room', () => {
    const core = createSamplingCore({ maxKeys: 10 })
    const [on, off] = [samplingOf({ kind: 'always-on' }), samplingOf({ kind: 'always-off' }, { policy: 'shop/off' })]
    const numbers = new Set(Array.from({ length: 1000 }, (_, index) => core.key(key(`r${index}`), on)))
    const shared = core.key(key('r999'), on)
    const sharedOff = core.key(key('r1000'), off)
    expect([numbers.size, core.rates().length]).toEqual([11, 12])
    expect([core.head(shared, 0), core.head(sharedOff, 0)]).toEqual([0, thresholdRange])
    expect(core.rates().at(-1)?.key).toEqual({ tenant: '*', route: '*', protocol: '*' })
    core.keep(new Set([shared]))
    expect(core.rates()).toHaveLength(1)
    expect(core.key(key('r999'), on)).not.toBe(shared)
  })

  test('that are gone keep nothing, and their numbers are used again', () => {
    const core = createSamplingCore()
    const settings = samplingOf({ kind: 'always-on' })
    const gone = core.key(key('a'), settings)
    core.keep(new Set())
    expect([core.head(gone, 0), core.calm(gone)]).toEqual([thresholdRange, thresholdRange])
    expect(() => core.finished(gone, 2, 1000, false, 0)).not.toThrow()
    expect(core.key(key('b'), settings)).toBe(gone)
  })
})

describe('settings', () => {
  test.each([
    [{ kind: 'always-on' }, 1], [{ kind: 'always-off' }, 0], [{ kind: 'probability', probability: 0.25 }, 0.25], [{ kind: 'probability', probability: 0 }, 0],
  ] as const)('%j holds from the first request, and stays', (sampler, expected) => {
    const core = createSamplingCore()
    const number = core.key(key('a'), samplingOf(sampler))
    for (let quarter = 0; quarter < 100; quarter++) {
      for (let of = 0; of < 10; of++) expect(probabilityOf(core.head(number, quarter * 250_000))).toBe(expected)
      core.tick(quarter * 250_000)
      expect(core.changes).toEqual([])
    }
  })

  test('that change hold at once, for all keys of the policy', () => {
    const core = createSamplingCore()
    const numbers = ['a', 'b'].map((route) => core.key(key(route), samplingOf({ kind: 'always-on' })))
    core.key(key('a'), samplingOf({ kind: 'always-off' }))
    expect(numbers.map((number) => core.head(number, 0))).toEqual([thresholdRange, thresholdRange])
    core.key(key('a'), samplingOf({ kind: 'always-on' }, { policy: 'shop/other' }))
    expect(numbers.map((number) => core.head(number, 0))).toEqual([0, thresholdRange])
    expect(core.rates().map(({ policy }) => policy)).toEqual(['shop/other', 'shop/tracing'])
  })

  test('that change leave what was learned: a smaller budget asks for less at once', () => {
    const core = createSamplingCore()
    const number = core.key(key('a'), adaptiveOf(100))
    for (let quarter = 0; quarter < 200; quarter++) {
      for (let of = 0; of < 50; of++) core.finished(number, 2, 1000, false, core.head(number, quarter * 250_000))
      core.tick(quarter * 250_000)
    }
    core.key(key('a'), adaptiveOf(10))
    expect(probabilityOf(core.head(number, 50_000_001))).toBeCloseTo(10 / 400, 2)
  })
})

test('a rate is told when it moved by more than a tenth', () => {
  const core = createSamplingCore()
  const number = core.key(key('a'), adaptiveOf(100))
  const told: number[] = []
  for (let quarter = 0; quarter < 400; quarter++) {
    for (let of = 0; of < (quarter < 200 ? 50 : 25); of++) core.finished(number, 2, 1000, false, core.head(number, quarter * 250_000))
    core.tick(quarter * 250_000)
    told.push(...core.changes.map(({ probability }) => probability))
  }
  expect(told.length).toBeGreaterThan(2)
  expect(told.slice(1).every((now, index) => Math.abs(now - told[index]) > 0.1 * told[index])).toBe(true)
})
