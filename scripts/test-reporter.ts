// A vitest reporter for `test.ts`: writes down how many tests passed, what failed, and why what was skipped was.
// Vitest's own JSON report drops the reasons of skips and errors outside of tests.

import { writeFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'

export interface TestReport {
  passed: number
  failed: number
  /** Of each: where it is, and the reason it gives; null when its name does. */
  skipped: { name: string; reason: string | null }[]
  /** What went wrong outside of tests: files that do not load, hooks, rejections nobody handled. */
  outside: string[]
}

/** Environment variable that names the file of the report. */
export const reportVariable = 'REGATTA_TEST_REPORT'

export default class TestReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly { message?: string }[]): void {
    const file = process.env[reportVariable]
    if (file !== undefined) writeFileSync(file, JSON.stringify(reportOf(modules, unhandled)))
  }
}

export function reportOf(modules: readonly TestModule[], unhandled: readonly { message?: string }[]): TestReport {
  const report: TestReport = { passed: 0, failed: 0, skipped: [], outside: unhandled.map(({ message }) => message ?? 'unknown error') }
  for (const module of modules) {
    for (const holder of [module, ...module.children.allSuites()]) report.outside.push(...holder.errors().map(({ message }) => `${nameOf(module, holder)}: ${message}`))
    for (const test of module.children.allTests()) count(report, module, test)
  }
  return report
}

function nameOf(module: TestModule, holder: TestModule | TestSuite): string {
  return holder === module ? module.relativeModuleId : `${module.relativeModuleId} > ${(holder as TestSuite).fullName}`
}

function count(report: TestReport, module: TestModule, test: TestCase): void {
  const result = test.result()
  if (result.state === 'passed') report.passed++
  else if (result.state === 'skipped') report.skipped.push({ name: `${module.relativeModuleId} > ${test.fullName}`, reason: result.note ?? null })
  // A test that is still pending at the end did not end.
  else report.failed++
}
