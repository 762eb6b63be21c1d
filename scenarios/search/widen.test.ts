// A search asks for what residency locks, whether the scenario does or not.

import { describe, expect, it } from 'vitest'
import { gatewayConfig } from '../../topologies/gateway-config.ts'
import type { ConfigDocument } from '../../topologies/substrate.ts'
import { loadScenarioAndTopology } from '../load-scenario.ts'
import { plan } from '../plan.ts'
import { widened } from './widen.ts'

const { scenario, topology } = await loadScenarioAndTopology('regional-outage', { fast: true })
const config = await gatewayConfig(topology)

describe('widened', () => {
  it('adds load for a locked route that nobody asks for, and only for that', () => {
    const { scenario: wide, limits } = widened(scenario, topology, config)
    expect(limits).toEqual([])
    expect(wide.loads.slice(0, -1)).toEqual(scenario.loads)
    expect(wide.loads.at(-1)!.mix).toEqual([expect.objectContaining({ name: 'locked-1', method: 'GET', host: 'shop.example.com', path: '/ledger' })])
    expect(plan(wide, topology, 1).loads.map(({ name }) => name)).toContain('search-locked-routes')
  })
  it('leaves a scenario alone that asks for it already', async () => {
    const lock = await loadScenarioAndTopology('residency-lock', { fast: true })
    expect(widened(lock.scenario, lock.topology, config).scenario).toBe(lock.scenario)
  })
  it('says what it cannot ask for', () => {
    const pattern = config.map((document): ConfigDocument => document.kind !== 'HTTPRoute' || document.metadata.name !== 'ledger' ? document
      : { ...document, spec: { ...document.spec as object, rules: [{ matches: [{ path: { type: 'RegularExpression', value: '/ledger/[0-9]+' } }], backendRefs: [{ name: 'ledger', port: 8080 }] }] } })
    expect(widened(scenario, topology, pattern)).toEqual({ scenario, limits: ['1 of 1 routes under residency are asked for by no load'] })
  })
})
