// Queues of receivers, in virtual time: order, tries, bounds, and an end that leaves nothing behind.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { systemScheduler } from '../runtime.ts'
import type { AlertDelivery, AlertEvent } from '../telemetry/alerts/alert.ts'
import { createAlertDeliveries, deliveryMetrics, mostQueued, mostTries, type AlertMessage, type Send } from './alert-delivery.ts'

beforeEach(() => { vi.useFakeTimers() })
afterEach(() => { vi.useRealTimers() })

const hook: AlertDelivery = { kind: 'webhook', url: 'http://pager.example.com/secret?key=1' }
const file: AlertDelivery = { kind: 'file', path: 'alerts.ndjson' }
const message = (rule: string, severity: AlertEvent['severity'] = 'ticket'): AlertMessage => ({
  apiVersion: 'regatta.dev/v1alpha1', kind: 'Alert', region: 'eu-west', at: '2026-01-01T00:00:00.000Z',
  alert: { rule, kind: 'burn-rate', policy: 'shop/p', severity, state: 'firing', labels: {}, value: 1, bound: 1, unit: '', summary: '', gateways: [] },
})

/** `behave`: what the receiver does with a text, given how often it was tried. */
function bed(behave: (rule: string, tried: number) => Promise<void> | void, random = 0) {
  const sent: string[] = []
  const failures: string[] = []
  const tried = new Map<string, number>()
  const send: Send = async (to, text, signal) => {
    const { alert: { rule } } = JSON.parse(text) as AlertMessage
    const what = `${to.kind === 'file' ? to.path : 'hook'} ${rule}`
    const times = (tried.get(what) ?? 0) + 1
    tried.set(what, times)
    sent.push(`${what} ${times}`)
    await Promise.race([behave(rule, times), new Promise((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error)) })])
  }
  const deliveries = createAlertDeliveries({
    stateDir: null, scheduler: systemScheduler, random: { next: () => random }, failed: (receiver, why) => failures.push(`${receiver}: ${why}`), send,
  })
  return { sent, failures, deliveries }
}

const hang = (): Promise<void> => new Promise(() => {})
const refuse = (): Promise<void> => Promise.reject(new Error('it answered 503'))

describe('a receiver', () => {
  test('gets messages one after another, in their order', async () => {
    const { sent, deliveries } = bed(async () => { await new Promise((resolve) => { setTimeout(resolve, 100) }) })
    for (const rule of ['a', 'b', 'c']) deliveries.deliver(message(rule), [hook])
    await vi.advanceTimersByTimeAsync(150)
    expect(sent).toEqual(['hook a 1', 'hook b 1'])
    await vi.advanceTimersByTimeAsync(1000)
    expect([sent.length, deliveries.counts]).toEqual([3, { delivered: 3, failed: 0, shed: 0 }])
  })

  test('that refuses is asked again after half a second, one and two, and then given up', async () => {
    const { sent, failures, deliveries } = bed(refuse)
    deliveries.deliver(message('a'), [hook])
    const triesAfter: number[] = []
    for (const ms of [0, 499, 1, 999, 1, 1999, 1, 60_000]) {
      await vi.advanceTimersByTimeAsync(ms)
      triesAfter.push(sent.length)
    }
    expect(triesAfter).toEqual([1, 1, 2, 2, 3, 3, 4, 4])
    expect(mostTries).toBe(4)
    // Paths and queries of webhooks are often secret.
    expect(failures).toEqual(['webhook http://pager.example.com: it answered 503, 4 of 4 tries'])
    expect(deliveries.counts).toEqual({ delivered: 0, failed: 1, shed: 0 })
  })

  test('is asked again later by chance, up to half as much', async () => {
    const { sent, deliveries } = bed(refuse, 0.999)
    deliveries.deliver(message('a'), [hook])
    await vi.advanceTimersByTimeAsync(748)
    expect(sent).toHaveLength(1)
    await vi.advanceTimersByTimeAsync(2)
    expect(sent).toHaveLength(2)
  })

  test('that recovers gets what waited, in order', async () => {
    const { sent, deliveries } = bed((rule, times) => (rule === 'a' && times < 3 ? refuse() : undefined))
    deliveries.deliver(message('a'), [hook])
    deliveries.deliver(message('b'), [hook])
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent).toEqual(['hook a 1', 'hook a 2', 'hook a 3', 'hook b 1'])
  })

  test('that hangs is left after five seconds a try, and keeps nobody else waiting', async () => {
    const { sent, failures, deliveries } = bed((rule) => (rule === 'hangs' ? hang() : undefined))
    deliveries.deliver(message('hangs'), [hook])
    deliveries.deliver(message('quick'), [file])
    await vi.advanceTimersByTimeAsync(1)
    expect(sent).toEqual(['hook hangs 1', 'alerts.ndjson quick 1'])
    await vi.advanceTimersByTimeAsync(4 * 5000 + 3500)
    expect(failures).toEqual(['webhook http://pager.example.com: no answer within 5 s, 4 of 4 tries'])
  })

  test('has a queue that is bounded; what does not fit is told', async () => {
    const { failures, deliveries } = bed(hang)
    // One is under way and no longer waits.
    for (let number = 0; number <= mostQueued + 3; number++) deliveries.deliver(message(`r${number}`), [hook])
    expect(deliveries.counts.shed).toBe(3)
    expect(failures).toEqual(Array.from({ length: 3 }, () => `webhook http://pager.example.com: ${mostQueued} messages wait for it already`))
    const closed = deliveries.close(0)
    await vi.advanceTimersByTimeAsync(0)
    await closed
  })

  test('hears of its severity only, where it asks for one', async () => {
    const { sent, deliveries } = bed(() => {})
    for (const severity of ['page', 'ticket'] as const) deliveries.deliver(message(severity, severity), [{ ...hook, severity: 'page' }, file])
    await vi.advanceTimersByTimeAsync(1)
    expect(sent.sort()).toEqual(['alerts.ndjson page 1', 'alerts.ndjson ticket 1', 'hook page 1'])
  })
})

describe('the end', () => {
  test('waits for what is under way', async () => {
    const { deliveries } = bed(async () => { await new Promise((resolve) => { setTimeout(resolve, 300) }) })
    for (const rule of ['a', 'b']) deliveries.deliver(message(rule), [hook])
    const closed = deliveries.close(1000)
    await vi.advanceTimersByTimeAsync(700)
    await closed
    expect(deliveries.counts).toEqual({ delivered: 2, failed: 0, shed: 0 })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('gives up what hangs, counts what waited, and leaves no timer', async () => {
    const { failures, deliveries } = bed(hang)
    for (const rule of ['a', 'b', 'c']) deliveries.deliver(message(rule), [hook])
    const closed = deliveries.close(1000)
    await vi.advanceTimersByTimeAsync(1000)
    await closed
    expect(deliveries.counts).toEqual({ delivered: 0, failed: 1, shed: 2 })
    expect(failures).toEqual(['webhook http://pager.example.com: 2 waited when the control plane ended', 'webhook http://pager.example.com: the control plane ends, 1 of 4 tries'])
    expect(vi.getTimerCount()).toBe(0)
    deliveries.deliver(message('late'), [hook])
    expect(deliveries.counts.shed).toBe(3)
  })

  test('does not wait for another try', async () => {
    const { sent, deliveries } = bed(refuse)
    deliveries.deliver(message('a'), [hook])
    await vi.advanceTimersByTimeAsync(10)
    const closed = deliveries.close(0)
    await vi.advanceTimersByTimeAsync(0)
    await closed
    expect([sent.length, vi.getTimerCount()]).toEqual([2, 0])
  })
})

test('scrapers are told what became of messages', () => {
  expect(deliveryMetrics({ delivered: 3, failed: 1, shed: 2 })[0].samples.map(({ labels, value }) => [labels.result, value])).toEqual([['delivered', 3], ['failed', 1], ['shed', 2]])
})
