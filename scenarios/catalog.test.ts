// Every drill of the catalogue, and every scenario that has to fail, in virtual time: the same files, the same judge.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { CodedError, CodedErrors } from '../gateway/errors.ts'
import { simulatedSubstrate } from '../topologies/substrates/simulated/simulated.ts'
import { catalogScenarios, mustFailScenarios } from './load-scenario.ts'
import { playSimulated } from './play.case.ts'
import { ExitCode } from './verdict.ts'

const scratch = mkdtempSync(join(tmpdir(), 'regatta-catalog-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

/** Drills whose fault virtual time cannot play, and what is said of it. */
const unplayable: Record<string, RegExp> = {
  'api-server-loss': /needs stop, which simulated cannot do: no api-server here/,
  'gateway-eviction': /needs evict, which simulated cannot do: how a process drains/,
  'collector-outage': /needs collector, which simulated cannot do: nothing collects traces/,
}

describe('drills in simulation', async () => {
  test.for((await catalogScenarios()).filter(({ name }) => !(name in unplayable)))('$name passes', { timeout: 120_000 }, async ({ name }) => {
    const { record, verdict } = await playSimulated(join(scratch, name), name)
    const missed = verdict.checks.filter((check) => check.verdict !== 'pass' && check.verdict !== 'unsupported')
    expect(missed.map((check) => [check.name, check.verdict, ...check.evidence])).toEqual([])
    expect(verdict.verdict).toBe('pass')
    expect(record.time).toBe('virtual')
    expect(verdict.checks.filter((check) => check.verdict === 'unsupported').map((check) => check.name.split(' ')[0]))
      .toEqual(Object.keys(record.plan.scenario.thresholds).filter(isUnmeasured))
  })
})

describe('drills that virtual time cannot play', () => {
  test.for(Object.entries(unplayable))('%s is inconclusive, says why, and all else of it holds', { timeout: 120_000 }, async ([name, why]) => {
    const { record, verdict } = await playSimulated(join(scratch, name), name)
    expect(verdict).toMatchObject({ verdict: 'inconclusive', exitCode: ExitCode.inconclusive, summary: expect.stringContaining('unsupported') })
    expect(verdict.limits.filter((limit) => limit.startsWith('unsupported:'))).toEqual(record.plan.faults.map(() => expect.stringMatching(why)))
    const unmet = verdict.checks.filter((check) => check.verdict !== 'pass' && check.verdict !== 'unsupported').map((check) => check.name.split(' ')[0])
    expect(['history-complete', 'fault-bit', 'failover_time', 'spans_shed']).toEqual(expect.arrayContaining(unmet))
  })
})

describe('what has to fail, fails in simulation too', async () => {
  test.for(await mustFailScenarios())('$name', { timeout: 60_000 }, async ({ name, file, mustExit, mustSay }) => {
    const { exitCode, said, unmeasured } = await endingOf(join(scratch, name), file)
    // Where nothing that it asks can be measured there is nothing to fail by: that is said instead.
    expect([exitCode, said.join('\n')]).toEqual(unmeasured ? [ExitCode.inconclusive, expect.stringContaining('states no objective that simulated can measure')]
      : [mustExit, expect.stringContaining(mustSay ?? '')])
  })
})

function isUnmeasured(expression: string): boolean {
  return Object.hasOwn(simulatedSubstrate.unmeasured, expression.split('{')[0])
}

/** Exit code and words, also of what does not get as far as a run. */
async function endingOf(runDir: string, file: string): Promise<{ exitCode: number; said: string[]; unmeasured: boolean }> {
  try {
    const { record, verdict } = await playSimulated(runDir, file, 1, false)
    const unmet = verdict.checks.filter((check) => check.verdict !== 'pass')
    const unmeasured = Object.keys(record.plan.scenario.thresholds).every(isUnmeasured)
    return { unmeasured, exitCode: verdict.exitCode, said: [verdict.summary, record.error?.code ?? '', ...unmet.flatMap(({ name, evidence }) => [name, ...evidence])] }
  } catch (error) {
    const errors = error instanceof CodedErrors ? error.errors : error instanceof CodedError ? [error] : []
    if (errors.length === 0) throw error
    return { exitCode: ExitCode.badInput, said: errors.map(String), unmeasured: false }
  }
}
