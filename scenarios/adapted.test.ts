// A drill that is adapted asks for less or waits longer, and holds what it held.

import { expect, test } from 'vitest'
import { loadScenario } from './load-scenario.ts'
import { unhurried, withRateShare } from './adapted.ts'

const scenario = await loadScenario('regional-outage')

test('phases before the fault are lengthened, never shortened', () => {
  expect(unhurried(scenario, {})).toBe(scenario)
  expect(unhurried(scenario, { leastUs: { warmup: 1, steady: 1 } })).toEqual(scenario)
  const { timeline } = scenario
  expect(unhurried(scenario, { leastUs: { warmup: 12_000_000, steady: 1 } })).toEqual({ ...scenario, timeline: { ...timeline, warmupUs: 12_000_000 } })
  expect(unhurried(scenario, { leastUs: { warmup: 12_000_000, steady: 1 } }, {}, { leastUs: { warmup: 1, steady: 20_000_000 } }).timeline).toEqual({ ...timeline, warmupUs: 12_000_000, steadyUs: 20_000_000 })
  expect(unhurried(scenario, { leastUs: { warmup: 1, steady: 20_000_000 } })).toEqual({ ...scenario, timeline: { ...timeline, steadyUs: 20_000_000 } })
})

test('a share of the rate is offered by every load, and probers keep their resolution', () => {
  expect(withRateShare(scenario, 1)).toBe(scenario)
  const half = withRateShare(scenario, 0.5)
  expect(half.loads.map(({ ratePerSecond }) => ratePerSecond)).toEqual(scenario.loads.map(({ ratePerSecond }) => ratePerSecond / 2))
  expect({ ...half, loads: null }).toEqual({ ...scenario, loads: null })
})
