// The trap in simulation, small: a counter of errors that starts again each second never ejects where requests are
// few, and does where they are many; without the reset it ejects at every rate. Also that worker threads do not show.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { openPool } from '../workers/pool.ts'
import { axisWith, loadSweep } from './load-sweep.ts'
import { playSweep, prepareSweep } from './play-sweep.ts'
import { playTrial } from './play-trial.ts'
import type { CellResult, SweepResult } from './result.ts'
import { loadSubject } from './subject.ts'
import type { Sweep } from './sweep.ts'
import type { Trial, TrialJob } from './trial.ts'

const workDir = mkdtempSync(join(tmpdir(), 'regatta-trap-'))
afterAll(() => rmSync(workDir, { recursive: true, force: true }))

const shipped = loadSweep('counter-reset')
const small: Sweep = { ...shipped, seeds: [1], axes: [axisWith('rate', [5, 100]), axisWith('counter-reset', [0, 1000])] }

async function played(sweep: Sweep, workers: number, play: (job: TrialJob) => Promise<Trial>): Promise<SweepResult> {
  const subject = await loadSubject(sweep.scenario, { fast: sweep.fast })
  const { signal } = new AbortController()
  return playSweep({ sweep, subject, workers, workDir, keep: false, signal, command: 'regatta sweep', play }, prepareSweep(sweep, subject))
}

it('a counter that resets each second never ejects on slow traffic, and does on fast', { timeout: 60_000 }, async () => {
  const result = await played(small, 1, playTrial)
  const at = (rate: string, reset: string): CellResult => result.cells.find(({ settings }) => settings.rate === rate && settings['counter-reset'] === reset)!
  expect(result.cells.flatMap(({ trials }) => trials.flatMap(({ doubts }) => doubts))).toEqual([])
  expect(at('5', '1s')).toMatchObject({ safety: 'unsafe', failover: { notRecovered: 1, medianMs: null }, detect: { never: 1 } })
  for (const [rate, reset] of [['5', '0s'], ['100', '0s'], ['100', '1s']]) {
    expect(at(rate, reset), `rate ${rate}, reset ${reset}`).toMatchObject({ safety: 'safe', failover: { notRecovered: 0 }, detect: { never: 0 }, falseEjections: { total: 0 } })
  }
  // Five errors take longer where fewer requests are made.
  expect(at('5', '0s').detect.medianMs!).toBeGreaterThan(at('100', '0s').detect.medianMs! * 5)
  expect(readdirSync(workDir)).toEqual([])
})

it('threads give the same bytes', { timeout: 60_000 }, async () => {
  const one = { ...small, seeds: [1, 2], axes: [axisWith('rate', [20]), axisWith('counter-reset', [250, 1000])] }
  await using pool = openPool<TrialJob, Trial>({ program: new URL('./worker.ts', import.meta.url), size: 2, signal: new AbortController().signal })
  const [alone, threads] = [await played(one, 1, playTrial), await played(one, 2, (job) => pool.run(job))]
  expect(JSON.stringify(threads)).toBe(JSON.stringify(alone))
  expect(alone.cells.every(({ trials }) => trials.every(({ trace }) => /^[0-9a-f]{16}$/.test(trace)))).toBe(true)
})
