// The test command: types, lint, then every test beside the code, and one closing line that counts them:
// `N passed, N failed, N skipped`. Skips are listed with their reasons, which their names carry.

import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

interface VitestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  numFailedTestSuites: number
  testResults: { name: string; status: string; assertionResults: { status: string; fullName: string }[] }[]
}

function step(name: string, file: string, args: string[]): boolean {
  const result = spawnSync(process.execPath, [join(root, 'node_modules', file), ...args], { cwd: root, stdio: 'inherit' })
  if (result.status !== 0) process.stdout.write(`${name} failed\n`)
  return result.status === 0
}

function main(filters: string[]): number {
  const whole = filters.length === 0
  let passed = 0
  let failed = 0
  if (whole) {
    for (const [name, file, args] of [
      ['types', 'typescript/bin/tsc', ['--noEmit', '-p', '.']],
      ['lint', 'oxlint/bin/oxlint', ['--deny-warnings', 'gateway', 'topologies', 'scenarios', 'reports', 'scripts']],
    ] as const) {
      if (step(name, file, [...args])) passed++
      else failed++
    }
  }
  const scratch = mkdtempSync(join(tmpdir(), 'regatta-test-'))
  const output = join(scratch, 'report.json')
  step('tests', 'vitest/vitest.mjs', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${output}`, ...filters])
  let skipped = 0
  try {
    const report = JSON.parse(readFileSync(output, 'utf8')) as VitestReport
    const results = report.testResults.flatMap((file) => file.assertionResults)
    const filesThatDidNotRun = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
    passed += report.numPassedTests
    failed += report.numFailedTests + filesThatDidNotRun.length
    skipped += report.numPendingTests + report.numTodoTests
    for (const result of results.filter(({ status }) => status === 'skipped' || status === 'pending')) {
      process.stdout.write(`skipped: ${result.fullName}\n`)
    }
  } catch (error) {
    process.stdout.write(`the test runner left no report: ${String(error)}\n`)
    failed++
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`)
  return failed === 0 ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
