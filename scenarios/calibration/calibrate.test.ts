// A history whose hops are known gives them back, and a run that cannot tell is refused.

import { rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../gateway/runtime.ts'
import type { AttemptRow, HistoryEvent } from '../../topologies/history.ts'
import { readHistory } from '../../topologies/history/read.ts'
import { quantileAt, sampler } from '../../topologies/substrates/simulated/quantiles.ts'
import { defaultModel } from '../../topologies/substrates/simulated/model.ts'
import { fixture, times, writeFixture, type Fixture } from '../judging.case.ts'
import { calibrate } from './calibrate.ts'
import type { ModelFile } from './model-file.ts'

/** What each part takes, microseconds; `way` is asked once for each direction. */
interface World { clientWay(): number; linkWay(): number; service(): number; rttUs(region: string): number }

/** Round trips and service time (1 ms) as the fixture's topology states them. */
const statedRttUs: Record<string, number> = { 'eu-west': 15_000, 'us-east': 80_000 }
const exact: World = { clientWay: () => 150, linkWay: () => 250, service: () => 1000 + 260, rttUs: (region) => statedRttUs[region] }

function recorded(world: World, change: (made: Fixture) => void = () => {}): Fixture {
  const made = fixture()
  made.attempts = made.rows.filter(({ outcome }) => outcome === 'ok').flatMap((row) => {
    const servedUs = Math.round(world.service())
    const entryUs = Math.round(servedUs + world.rttUs(row.region) + world.linkWay() + world.linkWay())
    row.durationUs = Math.round(entryUs + 5_000 + world.clientWay() + world.clientWay())
    const attempt: AttemptRow = {
      requestId: row.id, attempt: 0, reason: 'first', service: 'shop/orders:8080', target: `link:${row.region}:127.0.0.1:1`, region: row.region,
      startUs: row.startUs + 2_600, durationUs: entryUs, status: 200, outcome: 'ok', gateway: 'frankfurt',
    }
    return [attempt, { ...attempt, target: 'endpoint:127.0.0.1:2', gateway: row.region, durationUs: servedUs }]
  })
  change(made)
  return made
}

async function calibrated(made: Fixture): Promise<ModelFile> {
  const dir = await writeFixture(made)
  try {
    return calibrate(made.run, readHistory(dir))
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

describe('calibration', () => {
  it('gives known constants back', async () => {
    const { spec, measured } = await calibrated(recorded(exact))
    expect(spec.hopUs).toEqual({ client: [150], link: [250], endpoint: [80] })
    expect(spec.serviceUs).toEqual([100])
    expect(spec.rttUs).toEqual({})
    // 250 of the load, 500 of the prober, 2 × 250 of the paths, less those in flight when the fault is asked for.
    expect(measured?.samples.client).toBeGreaterThan(1200)
    expect(measured).toMatchObject({ run: 'test-run', scenario: 'test-outage', at: '2026-01-01T00:00:00.000Z' })
  })

  it('gives known distributions back: two ways drawn apart add up to what was measured', async () => {
    const random = seededRandom(3)
    const between = (least: number, most: number) => (): number => least + (most - least) * random.next()
    const { spec } = await calibrated(recorded({ ...exact, clientWay: between(100, 300), linkWay: between(400, 800), service: between(1_260, 1_460) }))
    const drawn = (quantiles: readonly number[]): { mean: number; sd: number } => {
      const sample = sampler(quantiles)
      const values = Array.from({ length: 20_000 }, () => sample(random.next()))
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length
      return { mean, sd: Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length) }
    }
    // Standard error of a mean of 1200 is 3 % of a deviation; the uniform's deviation is its width / √12.
    expect(Math.abs(drawn(spec.hopUs.client).mean - 200)).toBeLessThan(8)
    expect(Math.abs(drawn(spec.hopUs.client).sd - 200 / Math.sqrt(12))).toBeLessThan(6)
    expect(Math.abs(drawn(spec.hopUs.link).mean - 600)).toBeLessThan(16)
    expect(Math.abs(drawn(spec.hopUs.link).sd - 400 / Math.sqrt(12))).toBeLessThan(12)
    expect(Math.abs(drawn(spec.serviceUs).mean - 200)).toBeLessThan(8)
  })

  it('leaves the topology\'s own jitter of a service to the topology', async () => {
    const random = seededRandom(5)
    const made = recorded({ ...exact, service: () => 3_000 + 260 + (2 * random.next() - 1) * 1_000 })
    Object.assign(made.run.plan.topology.services[0].response, { latencyMs: 3, jitterMs: 1 })
    const { spec } = await calibrated(made)
    // Its 577 µs of deviation are gone but for the error of the estimate.
    expect(quantileAt(spec.serviceUs, 0.9) - quantileAt(spec.serviceUs, 0.1)).toBeLessThan(250)
    expect(Math.abs(quantileAt(spec.serviceUs, 0.5) - 100)).toBeLessThan(60)
  })

  it('names the round trip that differs from the topology, both ways, and keeps it out of the hop', async () => {
    const { spec } = await calibrated(recorded({ ...exact, rttUs: (region) => statedRttUs[region] + (region === 'us-east' ? 1_200 : 0) }))
    expect(spec.rttUs).toEqual({ 'edge:frankfurt>region:us-east': 81_200, 'region:us-east>edge:frankfurt': 81_200 })
    expect(spec.hopUs.link).toEqual([250])
  })

  it('takes nothing from the fault: detection and failover stay with the cores', async () => {
    const made = recorded(exact, ({ rows, attempts }) => {
      const dark = new Set(rows.filter(({ scheduledUs }) => scheduledUs >= times.fault).map(({ id }) => id))
      rows.filter(({ id }) => dark.has(id)).forEach((row) => { row.durationUs += 400_000 })
      attempts.filter(({ requestId }) => dark.has(requestId)).forEach((attempt) => { attempt.durationUs += 90_000 })
    })
    expect((await calibrated(made)).spec.hopUs).toEqual({ client: [150], link: [250], endpoint: [80] })
  })

  it('takes restart times from kills only', async () => {
    const state = (atUs: number, name: string, what: 'started' | 'ready' | 'killed'): HistoryEvent =>
      ({ atUs, source: 'run', kind: 'process', process: name, state: what, pid: 1 })
    const made = recorded(exact, ({ events }) => events.push(
      state(-900_000, 'gateway/eu-west', 'started'), state(-100_000, 'gateway/eu-west', 'ready'),
      state(times.fault, 'gateway/eu-west', 'killed'), state(times.healing, 'gateway/eu-west', 'started'), state(times.healing + 421_000, 'gateway/eu-west', 'ready'),
    ))
    const { spec, measured } = await calibrated(made)
    expect(spec.restartUs).toEqual({ ...defaultModel.restartUs, gateway: 421_000 })
    expect(measured?.samples.restarts).toEqual({ gateway: 1, services: 0, controlPlane: 0 })
  })
})

describe('refusals', () => {
  it('too few samples, with how many there are', async () => {
    const made = recorded(exact, ({ attempts }) => attempts.splice(300))
    await expect(calibrated(made)).rejects.toMatchObject({ code: 'RGT_CALIBRATION_SAMPLES', details: { found: expect.stringMatching(/^client: \d+, link: \d+, service: \d+$/) } })
  })

  it('rows of k6, whose stamps are whole milliseconds', async () => {
    const made = recorded(exact)
    made.run.plan.loads.forEach((load) => { load.engine = 'k6' })
    const without = await calibrated(recorded(exact))
    const { measured } = await calibrated(made)
    expect(without.measured!.samples.client - measured!.samples.client).toBeGreaterThan(200)
  })

  it('a run that was simulated, broken off, or had another gateway', async () => {
    for (const change of [{ time: 'virtual' as const }, { ended: 'failed' as const }, { gateway: 'envoy' }]) {
      await expect(calibrated(recorded(exact, ({ run }) => Object.assign(run, change)))).rejects.toMatchObject({ code: 'RGT_CALIBRATION_RUN' })
    }
  })
})
