// Tries a run from end to end, and a topology that is held up: what they write, that both can be ended at any time,
// and that nothing stays behind, even after SIGKILL.

import { chmodSync, cpSync, existsSync, lstatSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { afterAll, describe, expect, it } from 'vitest'
import { projectRoot } from './environment.ts'
import { makeSandbox } from './regatta.case.ts'
import { runsFolder } from './runs.ts'

const sandbox = makeSandbox()
const quiet = join(projectRoot, 'scripts', 'quiet.case.yaml')
const upRecords: string[] = []
afterAll(() => {
  sandbox.clear()
  for (const folder of upRecords) rmSync(folder, { recursive: true, force: true })
})

const path = (...parts: string[]): string => join(sandbox.folder, ...parts)
const processesOf = (inventory: { admin: object }): number => Object.keys(inventory.admin).length

/** Pids of the claim's processes that live. */
function living(): number[] {
  const root = readdirSync(sandbox.folder).find((name) => name.startsWith('regatta-'))
  const claims = root === undefined ? [] : readdirSync(path(root, 'claims')).map((name) => JSON.parse(readFileSync(path(root, 'claims', name), 'utf8')) as { processes: { pid: number }[] })
  return claims.flatMap(({ processes }) => processes.map(({ pid }) => pid)).filter(lives)
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

describe('run', () => {
  it('prints one verdict and nothing else, ends with its exit code, and leaves a folder that can be judged anywhere', async () => {
    const { code, out, err } = await sandbox.regatta('run', quiet, '--no-install', '--json', '--out', path('runs'))
    const lines = out.trimEnd().split('\n')
    expect(lines).toHaveLength(1)
    const verdict = JSON.parse(lines[0]) as { verdict: string; exitCode: number; scenario: string }
    expect(verdict).toMatchObject({ scenario: 'quiet', exitCode: code })
    expect(['pass', 'fail', 'inconclusive']).toContain(verdict.verdict)
    expect(err).toContain('phase steady')
    expect(lstatSync(path('runs', 'latest')).isSymbolicLink()).toBe(true)
    expect(living()).toEqual([])

    const written = readFileSync(path('runs', 'latest', 'verdict.json'), 'utf8')
    expect(JSON.parse(written)).toEqual(verdict)
    cpSync(path('runs', 'latest'), path('copy'), { recursive: true, dereference: true })
    rmSync(path('runs'), { recursive: true })
    for (const name of ['verdict.json', 'report.html', 'junit.xml']) rmSync(path('copy', name))
    const unjudged = await sandbox.regatta('report', 'copy')
    expect(unjudged).toMatchObject({ code: 3, out: '', err: expect.stringContaining('regatta judge') as string })

    const judged = await sandbox.regatta('judge', 'copy', '--json')
    expect({ code: judged.code, out: judged.out }).toEqual({ code, out })
    expect(readFileSync(path('copy', 'verdict.json'), 'utf8')).toBe(written)
    rmSync(path('copy', 'junit.xml'))
    const reported = await sandbox.regatta('report', 'copy', '--format', 'junit', '--json')
    expect(reported.code).toBe(0)
    expect(existsSync((JSON.parse(reported.out) as { junit: string }).junit)).toBe(true)

    chmodSync(path('copy'), 0o555)
    try {
      expect(await sandbox.regatta('judge', 'copy', '--no-write', '--json')).toMatchObject({ code, out })
    } finally {
      chmodSync(path('copy'), 0o755)
    }
  }, 60_000)

  it('ends with 130 when interrupted, judges what it has, and leaves no process', async () => {
    const run = sandbox.start('run', quiet, '--no-install', '--json', '--out', path('interrupted'))
    await run.says('phase warmup')
    const processes = living()
    expect(processes.length).toBeGreaterThan(6)
    run.process.kill('SIGINT')
    const { code, out } = await run.ended
    expect(code).toBe(130)
    expect(JSON.parse(out)).toMatchObject({ verdict: 'inconclusive' })
    expect(processes.filter(lives)).toEqual([])
    expect(JSON.parse(readFileSync(path('interrupted', 'latest', 'run.json'), 'utf8'))).toMatchObject({ ended: 'interrupted' })
  }, 60_000)
})

describe('up', () => {
  it('holds a topology in the background, takes faults, refuses nonsense, and goes down', async () => {
    const up = await sandbox.regatta('up', 'three-regions', '--detach', '--no-install', '--json')
    expect(up.code).toBe(0)
    const inventory = JSON.parse(up.out) as { entries: Record<string, string[]>; admin: object }
    upRecords.push(...ownRecords())
    expect(processesOf(inventory)).toBeGreaterThan(3)
    const entry = Object.values(inventory.entries)[0][0]
    const answer = await request(`${entry.startsWith('http') ? entry : `http://${entry}`}/catalog/items/1`, { headers: { host: 'shop.example.com' } })
    expect(answer.statusCode).toBe(200)
    await answer.body.dump()

    const injected = await sandbox.regatta('inject', 'regional-outage', '--set', 'region=eu-west', '--for', '1s', '--json')
    expect(injected).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(injected.out)).toMatchObject({ affectedRegions: ['eu-west'], forUs: 1_000_000 })
    const refused = await sandbox.regatta('inject', 'regional-outage', '--set', 'regoin=eu-west')
    expect(refused).toMatchObject({ code: 3, out: '', err: expect.stringContaining('did you mean `region`?') as string })

    const processes = living()
    expect(await sandbox.regatta('down', '--stale')).toMatchObject({ code: 0, out: '' })
    expect(processes.every(lives)).toBe(true)
    expect(await sandbox.regatta('down')).toMatchObject({ code: 0, out: expect.stringMatching(/: down\n$/) as string })
    expect(processes.filter(lives)).toEqual([])
    expect(await sandbox.regatta('down')).toMatchObject({ code: 0, out: 'nothing is up\n' })
  }, 60_000)

  it('is swept by `down --stale` after SIGKILL', async () => {
    const up = sandbox.start('up', 'three-regions', '--no-install', '--json')
    await up.says('"entries"')
    upRecords.push(...ownRecords())
    const processes = living()
    up.process.kill('SIGKILL')
    await up.ended
    const { code, out } = await sandbox.regatta('down', '--stale', '--json')
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ state: 'swept' })
    await expect.poll(() => processes.filter(lives), { timeout: 10_000 }).toEqual([])
  }, 60_000)
})

/** `up` records beside the runs of the project; those of these tests are removed. */
function ownRecords(): string[] {
  const root = readdirSync(sandbox.folder).find((name) => name.startsWith('regatta-'))!
  const owners = readdirSync(path(root, 'claims')).map((name) => (JSON.parse(readFileSync(path(root, 'claims', name), 'utf8')) as { owner: { pid: number } }).owner.pid)
  return owners.map((pid) => join(runsFolder, `up-three-regions-${pid}`))
}
