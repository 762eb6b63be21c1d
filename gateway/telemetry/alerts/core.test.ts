// When alerts begin and end, whatever a rule looks for: tried with one rule, in virtual time.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AlertRule } from './alert.ts'
import { createAlertCore } from './core.ts'
import { reportOf, ruleOf, second, times, timesOf, watch, type Second } from './reports.case.ts'

/** Fires while a second of the last two had a denial. */
const denials = (over: Partial<AlertRule> = {}): AlertRule => ruleOf('residency-denials', { window: '1s', by: ['route'] }, { keepFiringForUs: 0, ...over })
const denied: Second = { edge: { requests: { residency: 1, ok: 9 } } }
const calm: Second = { edge: { requests: { ok: 10 } } }

describe('an alert', () => {
  test('begins with what is seen and ends when it is over', () => {
    const played = watch(denials(), [calm, denied, denied, ...times(4, calm)])
    expect(timesOf(played)).toEqual(['2 firing', '5 resolved'])
    expect(played[0].event).toEqual({
      rule: 'residency-denials', kind: 'residency-denials', policy: 'shop/p', severity: 'ticket', state: 'firing',
      labels: { route: 'shop/cart/0' }, value: 1, bound: 1, unit: 'requests', gateways: ['edge'], summary: 'route shop/cart/0: 1 request refused for residency',
    })
    expect(played[1].event).toMatchObject({ state: 'resolved', value: 1, gateways: ['edge'] })
  })

  test('waits until it was seen for so long without a break', () => {
    const patient = denials({ forUs: 4 * second })
    expect(timesOf(watch(patient, [...times(4, denied), ...times(4, calm)]))).toEqual(['5 firing', '6 resolved'])
    // Seen in seconds 1 to 4 (the window of the fourth still holds the third), and again from 6 on: for four seconds only in 10.
    expect(timesOf(watch(patient, [denied, denied, denied, calm, calm, ...times(5, denied)]))).toEqual(['10 firing'])
  })

  test('stays one alert while what it looks for comes and goes', () => {
    const broken = Array.from({ length: 30 }, (_, at) => (at % 5 === 0 ? denied : calm))
    expect(timesOf(watch(denials(), [...broken, ...times(20, calm)]))).toHaveLength(12)
    expect(timesOf(watch(denials({ keepFiringForUs: 10 * second }), [...broken, ...times(20, calm)]))).toEqual(['1 firing', '37 resolved'])
  })

  test('is one for each labels', () => {
    const two: Second = { edge: [{ requests: { residency: 1 } }, { requests: { residency: 2 }, labels: { route: 'shop/orders/0' } }] }
    expect(watch(denials(), [two]).map(({ event: { labels, value } }) => [labels.route, value])).toEqual([['shop/cart/0', 1], ['shop/orders/0', 2]])
  })

  test('tells of firing and of resolving by turns, each as often as the other or once more', () => {
    const seconds = fc.array(fc.boolean(), { maxLength: 80 })
    fc.assert(fc.property(seconds, fc.nat(3), fc.nat(5), (seen, forS, keepS) => {
      const played = watch(denials({ forUs: forS * second, keepFiringForUs: keepS * second }), seen.map((one) => (one ? denied : calm)))
      played.forEach(({ event }, index) => expect(event.state).toBe(index % 2 === 0 ? 'firing' : 'resolved'))
      for (let index = 1; index < played.length; index += 2) expect(played[index].at - played[index - 1].at).toBeGreaterThanOrEqual(Math.max(1, keepS))
    }))
  })
})

describe('the core', () => {
  const policy = (...rules: AlertRule[]) => ({ policy: 'shop/p', routes: null, rules, deliver: [] })

  test('counts a report once, however often it comes', () => {
    const core = createAlertCore()
    core.configure([policy(denials({ parameters: { ...denials().parameters, count: 2 } }))])
    for (let repeat = 0; repeat < 5; repeat++) core.report(reportOf('edge', 1, { requests: { residency: 1 } }), second)
    expect(core.tick(second, 0)).toEqual([])
    core.report(reportOf('edge', 2, { requests: { residency: 1 } }), second)
    expect(core.tick(second, 0)).toMatchObject([{ value: 2 }])
  })

  test('resolves the alerts of rules that are gone, and keeps those whose bounds changed', () => {
    const core = createAlertCore()
    core.configure([policy(denials(), denials({ name: 'other' }))])
    core.report(reportOf('edge', 1, { requests: { residency: 1 } }), second)
    expect(core.tick(second, 0)).toHaveLength(2)
    core.configure([policy(denials({ severity: 'page', keepFiringForUs: 60 * second }))])
    expect(core.tick(second, 0)).toMatchObject([{ rule: 'other', state: 'resolved' }])
    expect(core.firing()).toMatchObject([{ rule: 'residency-denials', severity: 'page' }])
    core.configure([policy(denials({ parameters: { ...denials().parameters, count: 100 }, keepFiringForUs: 5 * second }))])
    expect(core.tick(2 * second, 0)).toEqual([])
    expect(core.tick(6 * second, 0)).toMatchObject([{ state: 'resolved' }])
    expect(core.firing()).toEqual([])
  })

  test('begins anew with a rule that became one of another kind', () => {
    const core = createAlertCore()
    core.configure([policy(denials())])
    core.report(reportOf('edge', 1, { requests: { residency: 1 } }), second)
    expect(core.tick(second, 0)).toMatchObject([{ state: 'firing' }])
    core.configure([policy(ruleOf('retry-storm', {}, { name: 'residency-denials' }))])
    expect(core.tick(second, 0)).toMatchObject([{ kind: 'residency-denials', state: 'resolved' }])
    expect(core.tick(2 * second, 0)).toEqual([])
  })
})
