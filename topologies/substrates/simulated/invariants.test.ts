// The budget's watch allows all that a policy allows, and not much more.

import { expect, test } from 'vitest'
import { defaultHealth } from '../../../gateway/snapshot/snapshot.ts'
import { BudgetWatch, openWatch } from './invariants.ts'

const { retry } = defaultHealth
const second = 1_000_000

/** `requests` and `retries` a second for `seconds`; how many retries the watch minded. */
function minded(requests: number, retries: number, seconds: number, granted = 0): number {
  const watch = new BudgetWatch()
  let count = 0
  if (granted > 0) watch.suspicion(granted, 0)
  for (let at = 0; at < seconds; at++) {
    for (let one = 0; one < requests; one++) watch.request(at * second + one)
    for (let one = 0; one < retries; one++) if (!watch.paid(retry, at * second + requests + one)) count++
  }
  return count
}

test('a share of the requests is allowed, and the floor', () => {
  expect(minded(100, 20, 60)).toBe(0)
  expect(minded(5, 10, 60)).toBe(0)
})

test('more than the share is minded', () => {
  expect(minded(100, 40, 60)).toBeGreaterThan(100)
  expect(minded(5, 20, 60)).toBeGreaterThan(100)
})

test('what was in flight when suspicion began may be sent again, while the window lasts', () => {
  expect(minded(100, 40, 6, 300)).toBe(0)
  expect(minded(100, 40, 60, 300)).toBeGreaterThan(100)
})

test('the first violations of each invariant are told, all are counted', () => {
  const told: string[] = []
  const watch = openWatch((event) => told.push(event.kind))
  for (let at = 0; at < 100; at++) watch.violated('residency', at, 'there')
  watch.violated('refusal', 1, 'here')
  expect(watch.counts.get('residency')).toBe(100)
  expect(told.length).toBe(21)
})
