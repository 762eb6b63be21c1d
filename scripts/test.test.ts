// Tries how the test command counts: what fails outside of tests, or ends the runner, must never count as a pass.

import { describe, expect, it } from 'vitest'
import type { TestCase, TestModule } from 'vitest/node'
import { reportOf, type TestReport } from './test-reporter.ts'
import { closingLine, tally } from './test.ts'

const clean: TestReport = { passed: 3, failed: 0, skipped: [{ name: 'a', reason: 'needs Docker' }], outside: [] }

describe('tally', () => {
  it('counts a clean report', () => {
    expect(tally(clean, true)).toEqual({ passed: 3, failed: 0, skipped: 1 })
  })

  it('fails without a report', () => {
    expect(tally(null, true)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  })

  it('fails when the runner ended badly though no test failed', () => {
    expect(tally(clean, false).failed).toBe(1)
  })

  it('counts what failed outside of tests', () => {
    expect(tally({ ...clean, failed: 2, outside: ['a file does not load'] }, false).failed).toBe(3)
  })

  it('closes with a line that stands alone', () => {
    expect(closingLine({ passed: 1, failed: 2, skipped: 3 })).toBe('1 passed, 2 failed, 3 skipped')
  })
})

describe('reportOf', () => {
  const test = (state: string, note?: string): TestCase => ({ fullName: `suite > ${state}`, result: () => ({ state, note }) }) as unknown as TestCase
  const module = (tests: TestCase[], errors: { message: string }[] = [], suiteErrors: { message: string }[] = []): TestModule => ({
    relativeModuleId: 'room/x.test.ts', errors: () => errors,
    children: { allTests: () => tests, allSuites: () => [{ fullName: 'suite', errors: () => suiteErrors }] },
  }) as unknown as TestModule

  it('keeps the reason of a skip, and counts a test that never ended as failed', () => {
    expect(reportOf([module([test('passed'), test('failed'), test('pending'), test('skipped', 'needs Docker')])], [])).toEqual({
      passed: 1, failed: 2, skipped: [{ name: 'room/x.test.ts > suite > skipped', reason: 'needs Docker' }], outside: [],
    })
  })

  it('names files that do not load, hooks that throw, and rejections nobody handled', () => {
    expect(reportOf([module([], [{ message: 'no load' }], [{ message: 'no hook' }])], [{ message: 'lost' }]).outside).toEqual([
      'lost', 'room/x.test.ts: no load', 'room/x.test.ts > suite: no hook',
    ])
  })
})
