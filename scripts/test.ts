// The test command: types, lint, then every test beside the code, and one closing line that counts them all:
// `N passed, N failed, N skipped`. With arguments, only the tests whose path contains one of them.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { outliveReaders, endProcess } from './exit.ts'
import { play, staticSteps, vitestStep } from './steps.ts'
import { reportVariable, type TestReport } from './test-reporter.ts'

const usage = `usage: npm test [-- PART-OF-A-PATH …] [-- -t PART-OF-A-NAME]

  npm test                      types, lint, and every test
  npm test -- scripts           the tests below scripts/
  npm test -- failover -t slow  of those in paths with "failover" the ones with "slow" in their name

*.local.test.ts open sockets on loopback and start processes. Nothing is fetched.
Exit codes: 0 all passed, 1 not.
`

export interface Tally { passed: number; failed: number; skipped: number }

/** Counts what a report holds; `ranWell` is false when the runner itself ended badly, which must never count as a pass. */
export function tally(report: TestReport | null, ranWell: boolean): Tally {
  if (report === null) return { passed: 0, failed: 1, skipped: 0 }
  const failed = report.failed + report.outside.length
  return { passed: report.passed, failed: failed === 0 && !ranWell ? 1 : failed, skipped: report.skipped.length }
}

/** The line that machines look for. */
export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`
}

function runTests(args: readonly string[]): { report: TestReport | null; ranWell: boolean } {
  const scratch = mkdtempSync(join(tmpdir(), 'regatta-test-'))
  const file = join(scratch, 'report.json')
  try {
    const ranWell = play(vitestStep(['--reporter=default', '--reporter=./scripts/test-reporter.ts', ...args]), { [reportVariable]: file })
    return { report: read(file), ranWell }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function read(file: string): TestReport | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TestReport
  } catch (error) {
    process.stdout.write(`the test runner left no report: ${(error as Error).message}\n`)
    return null
  }
}

function main(args: readonly string[]): number {
  if (args.includes('--help')) {
    process.stdout.write(usage)
    return 0
  }
  const steps = args.length === 0 ? staticSteps.map((step) => play(step)) : []
  const { report, ranWell } = runTests(args)
  for (const { name, reason } of report?.skipped ?? []) process.stdout.write(`skipped: ${name}${reason === null ? '' : `: ${reason}`}\n`)
  for (const problem of report?.outside ?? []) process.stdout.write(`failed outside of tests: ${problem}\n`)
  const total = tally(report, ranWell)
  total.passed += steps.filter((well) => well).length
  total.failed += steps.filter((well) => !well).length
  process.stdout.write(`${closingLine(total)}\n`)
  return total.failed === 0 ? 0 : 1
}

if (import.meta.main) {
  outliveReaders()
  await endProcess(main(process.argv.slice(2)))
}
