// What each kind of rule looks for: it fires at what it names, over gateways together, and not at what only looks like it.

import { describe, expect, test } from 'vitest'
import { reportOf, ruleOf, second, times, timesOf, watch, type Second } from './reports.case.ts'
import { createAlertCore } from './core.ts'

const good: Second = { edge: { requests: { ok: 100 } } }
const at = (ok: number, failed: number, outcome = 'upstream-failed'): Second => ({ edge: { requests: { ok, [outcome]: failed } } })

describe('burn-rate', () => {
  // 14.4 times a budget of 0.1 % is 1.44 % of requests.
  const fast = ruleOf('burn-rate', { windows: [{ long: '1m', short: '5s', rate: 14.4 }] })

  test('fires when both windows burn, with the share of the long one', () => {
    const played = watch(fast, [...times(60, good), ...times(10, at(50, 50)), ...times(40, good)])
    // One bad second in sixty is 0.8 % of the long window, two are 1.6 %.
    expect(timesOf(played)[0]).toBe('62 firing')
    expect(played[0].event).toMatchObject({ unit: 'times the error budget', bound: 14.4, gateways: ['edge'], labels: { route: 'shop/cart/0' } })
    expect(played[0].event.value).toBeCloseTo(100 / 6100 / 0.001, 6)
    // The short window is clean six seconds later; it fires for fifteen more.
    expect(timesOf(played)[1]).toBe('90 resolved')
  })

  test('neither at a short burst that the long window forgives, nor at an old one that the short window has forgotten', () => {
    expect(watch(fast, [...times(60, good), at(50, 50), ...times(30, good)])).toEqual([])
    const late = ruleOf('burn-rate', { windows: [{ long: '1m', short: '5s', rate: 14.4 }] }, { forUs: 12 * second })
    expect(watch(late, [...times(60, good), ...times(5, at(0, 100)), ...times(60, good)])).toEqual([])
  })

  test('counts only what the federation failed at', () => {
    const firing = (outcome: string): boolean => watch(fast, times(30, at(50, 50, outcome))).length > 0
    expect(['server-error', 'no-healthy-target', 'upstream-timeout', 'upstream-failed', 'capacity'].map(firing)).toEqual([true, true, true, true, true])
    expect(['ok', 'no-route', 'residency', 'access-denied', 'aborted', 'client-error'].map(firing)).toEqual([false, false, false, false, false, false])
  })

  test('says nothing of few requests', () => {
    expect(watch(fast, [at(0, 19)])).toEqual([])
    expect(watch(fast, [at(0, 20)])).toHaveLength(1)
  })

  test('adds up what several gateways tell, and names those that saw failures', () => {
    const both: Second = { 'edge/a': { requests: { ok: 90, 'server-error': 10 } }, 'edge/b': { requests: { ok: 100 } }, 'edge/c': { requests: { 'server-error': 5 } } }
    const [{ event }] = watch(fast, [both])
    expect(event).toMatchObject({ gateways: ['edge/a', 'edge/c'] })
    expect(event.value).toBeCloseTo(15 / 205 / 0.001, 6)
  })

  test('of several pairs tells the one that is exceeded most, once', () => {
    const two = ruleOf('burn-rate', { windows: [{ long: '1m', short: '5s', rate: 14.4 }, { long: '2m', short: '10s', rate: 2 }] })
    const played = watch(two, times(30, at(50, 50)))
    expect(played).toHaveLength(1)
    expect(played[0].event.bound).toBe(2)
  })

  test('looks at the routes of its policy only, and at what overflowed only without any', () => {
    const rule = fast
    const only = (routes: string[] | null, labels: object): boolean => watch(rule, times(10, { edge: { requests: { 'server-error': 50 }, labels } }), { routes }).length > 0
    expect(only(['shop/cart/'], {})).toBe(true)
    expect(only(['shop/'], {})).toBe(true)
    expect(only(['shop/ca/', 'bank/'], {})).toBe(false)
    expect(only(null, { route: '', tenant: '', region: '', protocol: '', overflow: 'true' })).toBe(true)
    expect(only(['shop/'], { route: '', tenant: '', region: '', protocol: '', overflow: 'true' })).toBe(false)
  })

  test('refuses pairs that can never be reached or that do not go together', () => {
    expect(() => ruleOf('burn-rate', { objective: 95, windows: [{ long: '1h', short: '5m', rate: 20 }] })).toThrow('can never be reached')
    expect(() => ruleOf('burn-rate', { windows: [{ long: '5m', short: '1h', rate: 2 }] })).toThrow('does not go with its long window')
  })
})

describe('failover-storm', () => {
  const usual: Second = { 'edge/a': { requests: { ok: 60 }, labels: { region: 'eu' } }, 'edge/b': { requests: { ok: 60 }, labels: { region: 'us' } } }
  const moved: Second = { 'edge/a': { requests: { ok: 60 }, labels: { region: 'us' } }, 'edge/b': { requests: { ok: 60 }, labels: { region: 'us' } } }

  test('fires when a share is answered by other regions than usual, and ends when they answer again', () => {
    const played = watch(ruleOf('failover-storm'), [...times(60, usual), ...times(30, moved), ...times(60, usual)])
    expect(played.map(({ event: { state, labels } }) => [state, labels])).toEqual([['firing', {}], ['resolved', {}]])
    // A tenth of thirty seconds, half of whose requests moved: after six or seven.
    expect(played[0].at).toBeGreaterThanOrEqual(66)
    expect(played[0].at).toBeLessThanOrEqual(68)
    expect(played[0].event).toMatchObject({ gateways: ['edge/a'], unit: 'share of requests' })
    // It was no tenth of the window any more by then, and fifteen seconds passed.
    expect(played[1].at).toBeGreaterThan(90 + 15)
    expect(played[1].at).toBeLessThanOrEqual(90 + 30 + 16)
  })

  test('is learned for each gateway by itself: more clients elsewhere are no storm', () => {
    const more: Second = { 'edge/a': { requests: { ok: 6 }, labels: { region: 'eu' } }, 'edge/b': { requests: { ok: 600 }, labels: { region: 'us' } } }
    expect(watch(ruleOf('failover-storm'), [...times(60, usual), ...times(60, more)])).toEqual([])
  })

  test('strays of a region that answers now and then are no storm', () => {
    const stray: Second = { 'edge/a': [{ requests: { ok: 58 }, labels: { region: 'eu' } }, { requests: { ok: 2 }, labels: { region: 'us' } }] }
    expect(watch(ruleOf('failover-storm'), times(120, stray))).toEqual([])
  })

  test('only learns for a window, because traffic that has just begun is not complete', () => {
    const begun: Second = { 'edge/a': { requests: { ok: 60 }, labels: { region: 'eu' } } }
    const more: Second = { 'edge/a': [{ requests: { ok: 60 }, labels: { region: 'eu' } }, { requests: { ok: 50 }, labels: { region: 'us' } }] }
    expect(watch(ruleOf('failover-storm'), [...times(5, begun), ...times(60, more)])).toEqual([])
    expect(watch(ruleOf('failover-storm'), [...times(35, begun), ...times(60, more)]).map(({ event }) => event.state)).toEqual(['firing', 'resolved'])
  })

  test('accepts what lasts', () => {
    const played = watch(ruleOf('failover-storm', { accept: '40s' }), [...times(60, usual), ...times(140, moved)])
    expect(played.map(({ event: { state } }) => state)).toEqual(['firing', 'resolved'])
    expect(played[1].at).toBeGreaterThan(100)
  })

  test('fires at once when several gateways turn away from a region, whatever the share', () => {
    const drains = { requests: { ok: 1 }, regions: [{ region: 'eu', state: 'draining' as const }] }
    const one: Second = { 'edge/a': drains, 'edge/b': { regions: [{ region: 'eu', state: 'recovering' }] } }
    expect(watch(ruleOf('failover-storm'), times(20, one))).toEqual([])
    const played = watch(ruleOf('failover-storm'), [{}, { 'edge/b': drains, 'edge/a': drains }, ...times(20, one)])
    expect(timesOf(played)).toEqual(['2 firing', '17 resolved'])
    expect(played[0].event).toMatchObject({ labels: { region: 'eu' }, value: 2, gateways: ['edge/a', 'edge/b'], summary: '2 gateways turned away from region eu' })
  })

  test('forgets gateways that fell silent', () => {
    const drains = { regions: [{ region: 'eu', state: 'draining' as const }] }
    const played = watch(ruleOf('failover-storm', {}, { keepFiringForUs: 0 }), [{ a: drains, b: drains }, ...times(20, {})])
    expect(timesOf(played)).toEqual(['1 firing', '12 resolved'])
  })
})

describe('retry-storm', () => {
  const sent = (retries: number, hedges = 0, ok = 100): Second => ({ edge: { requests: { ok }, retries, hedges } })

  test('fires when retries and hedges together are over their share', () => {
    expect(watch(ruleOf('retry-storm'), times(20, sent(10, 10)))).toEqual([])
    const [{ event }] = watch(ruleOf('retry-storm'), times(5, sent(10, 11)))
    expect(event).toMatchObject({ bound: 0.2, labels: {}, gateways: ['edge'], summary: 'all requests: 21.0 retries and hedges for 100 requests' })
  })

  test('not with so few requests that the floor of the budget explains it', () => {
    expect(watch(ruleOf('retry-storm'), [sent(10, 0, 49)])).toEqual([])
    expect(watch(ruleOf('retry-storm'), [sent(11, 0, 50)])).toHaveLength(1)
  })
})

describe('residency-denials', () => {
  test('counts denials of a window by tenant and route', () => {
    const denied: Second = { a: { requests: { residency: 4 } }, b: { requests: { residency: 5 } } }
    expect(watch(ruleOf('residency-denials', { count: 10 }), [denied])).toEqual([])
    const [{ event }] = watch(ruleOf('residency-denials', { count: 10 }), [denied, denied])
    expect(event).toMatchObject({ value: 18, labels: { tenant: 'shop', route: 'shop/cart/0' }, gateways: ['a', 'b'] })
  })
})

describe('credential-failures', () => {
  const refused = (client: string, count: number) => ({ refusedClients: [{ client, count }] })

  test('fires at one client that several gateways refuse, not at many refusals by one gateway', () => {
    expect(watch(ruleOf('credential-failures'), times(30, { a: refused('10.0.0.9', 10) }))).toEqual([])
    expect(watch(ruleOf('credential-failures'), times(30, { a: refused('10.0.0.8', 10), b: refused('10.0.0.9', 10) }))).toEqual([])
    const spread: Second = { a: refused('10.0.0.9', 3), b: refused('10.0.0.9', 3), c: refused('10.0.0.7', 3) }
    const played = watch(ruleOf('credential-failures'), [...times(10, spread), ...times(90, {})])
    expect(played[0]).toMatchObject({ at: 4, event: { labels: { client: '10.0.0.9' }, value: 24, gateways: ['a', 'b'] } })
    expect(played[1].event.state).toBe('resolved')
    expect(played).toHaveLength(2)
  })

  test('stays bounded whatever clients call themselves', () => {
    const core = createAlertCore()
    core.configure([{ policy: 'p', routes: null, deliver: [], rules: [ruleOf('credential-failures')] }])
    for (let number = 1; number <= 100; number++) {
      core.report(reportOf('a', number, { refusedClients: Array.from({ length: 100 }, (_, index) => ({ client: `c${number}.${index}`, count: 1 })) }), second)
    }
    for (const gateway of ['a', 'b']) core.report(reportOf(gateway, 200, refused('last', 10)), second)
    expect(core.tick(second, 0)).toMatchObject([{ labels: { client: 'last' }, value: 20 }])
  })
})

describe('certificate-expiry', () => {
  const day = 86_400_000
  const served = (notAfterMs: number) => ({ certificates: [{ name: 'shop.example.com', notAfterMs }] })

  test('fires while any gateway serves one that ends soon, and ends with its rotation', () => {
    const old: Second = { a: served(13 * day), b: served(90 * day) }
    const rotated: Second = { a: served(90 * day), b: served(90 * day) }
    const played = watch(ruleOf('certificate-expiry'), [...times(3, old), ...times(20, rotated)])
    expect(timesOf(played)).toEqual(['1 firing', '18 resolved'])
    expect(played[0].event).toMatchObject({ gateways: ['a'], bound: 1_209_600, labels: { certificate: 'shop.example.com' } })
    expect(watch(ruleOf('certificate-expiry', { before: '24h' }), times(20, old))).toEqual([])
  })

  test('says when one has ended', () => {
    expect(watch(ruleOf('certificate-expiry'), [{ a: served(0) }])[0].event.summary).toBe('certificate shop.example.com has ended')
  })
})

describe('sampling-budget', () => {
  const recorded = (spans: number, raised = false) => ({ sampling: [{ policy: 'shop/all', budget: 10, spans, raised }] })

  test('holds the spans of all gateways against the budgets of all', () => {
    expect(watch(ruleOf('sampling-budget'), times(30, { a: recorded(28), b: recorded(2) }))).toEqual([])
    const [{ event }] = watch(ruleOf('sampling-budget'), times(30, { a: recorded(31), b: recorded(2) }))
    expect(event).toMatchObject({ labels: { policy: 'shop/all' }, value: 1.65, bound: 1.5, gateways: ['a'] })
  })

  test('leaves out what an anomaly was allowed to add, unless asked', () => {
    expect(watch(ruleOf('sampling-budget'), times(5, { a: recorded(100, true) }))).toEqual([])
    expect(watch(ruleOf('sampling-budget', { raised: true }), times(5, { a: recorded(100, true) }))).toHaveLength(1)
  })
})

test('series beyond a thousand count together, so that nothing grows without end', () => {
  const rule = ruleOf('residency-denials', { count: 5 })
  const core = createAlertCore()
  core.configure([{ policy: 'p', routes: null, deliver: [], rules: [rule] }])
  for (let number = 1; number <= 1010; number++) core.report(reportOf('edge', number, { requests: { residency: 1 }, labels: { route: `shop/r${number}/0` } }), second)
  expect(core.tick(second, 0)).toMatchObject([{ labels: { overflow: 'true' }, value: 10 }])
})
