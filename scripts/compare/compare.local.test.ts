// The command as a person types it: two gateways on real sockets with a world in which nothing happens, and Ctrl-C.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { comparisonSchema, type Comparison } from '../../scenarios/compare/document.ts'
import { makeSandbox, type Sandbox } from '../regatta.case.ts'
import { writeSmall } from '../small.case.ts'

describe('regatta compare', { timeout: 180_000 }, () => {
  let sandbox: Sandbox
  afterEach(() => sandbox.clear())

  const only = (folder: string): string => join(folder, readdirSync(folder)[0])
  const documentIn = (folder: string): Comparison => comparisonSchema.parse(JSON.parse(readFileSync(join(folder, 'comparison.json'), 'utf8')))

  it('plays two gateways in turns on local, and reads them again to the same', async () => {
    sandbox = makeSandbox()
    const { scenario } = writeSmall(sandbox.folder, { regions: 1 })
    // No round is repeated and any verdict will do: others may use this machine meanwhile.
    const ended = await sandbox.regatta('compare', scenario, '--gateway', 'reference,haproxy', '--rounds', '2', '--retries', '0', '--no-install', '--json', '--out', join(sandbox.folder, 'runs'))
    const document = comparisonSchema.parse(JSON.parse(ended.out))
    expect(document.exitCode).toBe(ended.code)
    expect(document.variants.map(({ name, control, runs }) => [name, control, runs.map(({ round, seed }) => [round, seed])])).toEqual([
      ['reference', false, [[1, 1], [2, 2]]], ['reference (again)', true, [[1, 1], [2, 2]]], ['haproxy', false, [[1, 1], [2, 2]]],
    ])
    const folder = only(join(sandbox.folder, 'runs'))
    expect(readdirSync(folder).sort()).toEqual(['comparison.html', 'comparison.json', 'runs'])
    const again = await sandbox.regatta('compare', '--recorded', folder, '--json')
    expect(again.code).toBe(ended.code)
    const { variants, command } = JSON.parse(again.out) as Comparison
    expect(command).toBe(document.command)
    expect(variants.map(({ figures, verdicts }) => ({ figures, verdicts }))).toEqual(document.variants.map(({ figures, verdicts }) => ({ figures, verdicts })))
  })

  it('ends with 130 on Ctrl-C, and writes what there is', async () => {
    sandbox = makeSandbox()
    const running = sandbox.start('compare', 'regional-hang', '--gateway', 'reference,envoy', '--on', 'simulated', '--fast', '--rounds', '99', '--out', join(sandbox.folder, 'runs'))
    await running.says('2/297')
    running.process.kill('SIGINT')
    const { code, out } = await running.ended
    expect(code).toBe(130)
    expect(out).toContain('comparison.html')
    const folder = only(join(sandbox.folder, 'runs'))
    expect(existsSync(join(folder, 'comparison.html'))).toBe(true)
    expect(documentIn(folder).variants[0].runs.length).toBeGreaterThan(0)
  })
})
