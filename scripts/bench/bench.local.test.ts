// The command as scripts call it: one object on standard output, whatever is told beside it on standard error.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { projectRoot } from '../environment.ts'

function bench(...args: string[]) {
  return spawnSync(process.execPath, [join(projectRoot, 'scripts', 'bench.ts'), ...args], { encoding: 'utf8', timeout: 60_000 })
}

it('prints one object with a figure for each number of routes', () => {
  const { stdout, stderr, status } = bench('decision', '--json', '--rounds', '1')
  expect(status, stderr).toBe(0)
  const { bench: name, machine, results } = JSON.parse(stdout) as { bench: string; machine: { cpus: number }; results: { name: string; value: number; unit: string; spread: number | null }[] }
  expect([name, machine.cpus > 0]).toEqual(['decision', true])
  for (const routes of [1, 100, 1_000, 10_000]) {
    for (const figure of ['decision_p50', 'decision_p99', 'find_my_way_p50']) {
      expect(results.find((one) => one.name === `${figure}{mix:mixed,routes:${routes}}`)).toMatchObject({ unit: 'ns', value: expect.any(Number) })
    }
  }
}, 60_000)

it('refuses a name that it does not know, with exit code 3', () => {
  const { stdout, stderr, status } = bench('dataplan', '--json')
  expect([status, stdout]).toEqual([3, ''])
  expect(JSON.parse(stderr).error).toMatchObject({ code: 'RGT_COMMAND_USAGE', hint: 'did you mean `dataplane`?' })
})
