// What a dead runner leaves is found and removed, and nothing else is: not the living, not a process that was
// given a dead one's number.

import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { cleanUp, gone, lives, runProgram, scratch } from './child.case.ts'
import { claimRun, claims, identify, ownerLives, sweep, type ClaimDocument } from './ownership.ts'

afterAll(cleanUp)

const claimOf = (run: string): ClaimDocument | undefined => claims().find((one) => one.run === run)
const sleeper = () => spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore', detached: true })

test('a claim is there while its owner lives, and gone when it is released', () => {
  const claim = claimRun(`test-living-${process.pid}`)
  claim.update(({ folders }) => folders.push('/nowhere/at/all'))
  expect(claimOf(claim.document.run)).toEqual(claim.document)
  expect(ownerLives(claim.document)).toBe(true)
  expect(sweep().map(({ run }) => run)).not.toContain(claim.document.run)
  expect(claimOf(claim.document.run)).toBeDefined()
  claim.release()
  expect(claimOf(claim.document.run)).toBeUndefined()
})

test('a number that was given to another process ends nobody', async () => {
  const child = sleeper()
  const claim = claimRun(`test-reused-${process.pid}`)
  claim.update((document) => {
    document.owner = { pid: child.pid!, startTime: '1' }
    document.processes.push({ pid: child.pid!, startTime: '1', name: 'services/eu-west' })
  })
  expect(sweep().find(({ run }) => run === claim.document.run)?.killed).toEqual([])
  expect(lives(child.pid!)).toBe(true)
  claim.release()
  child.kill('SIGKILL')
  await gone(child)
})

test('numbers from before the machine was started again end nobody', async () => {
  const child = sleeper()
  const claim = claimRun(`test-boot-${process.pid}`)
  claim.update((document) => {
    document.bootId = 'another'
    document.processes.push({ ...identify(child.pid!)!, name: 'services/eu-west' })
  })
  expect(sweep().find(({ run }) => run === claim.document.run)?.killed).toEqual([])
  expect(lives(child.pid!)).toBe(true)
  claim.release()
  child.kill('SIGKILL')
  await gone(child)
})

test('a runner killed in the middle leaves nothing after the next sweep: stopped children, foreign tools and theirs', async () => {
  const folder = join(scratch(), 'work')
  mkdirSync(folder)
  writeFileSync(join(folder, 'state.json'), '{}')
  const { child: runner, said } = await runProgram<{ run: string; stopped: number; foreign: number; grandchild: number }>((local) => `
    import { claimRun } from ${local('ownership.ts')}
    import { supervise } from ${local('processes.ts')}
    const claim = claimRun('test-killed-' + process.pid)
    claim.update(({ folders }) => folders.push(${JSON.stringify(folder)}))
    const supervisor = supervise(claim, ${JSON.stringify(folder)}, { PATH: process.env.PATH }, {
      state() {},
      line(name, line) {
        if (name !== 'foreign') return
        supervisor.pause('stopped')
        console.log(JSON.stringify({ run: claim.document.run, stopped: stopped.pid, foreign: foreign.pid, grandchild: Number(line) }))
      },
    })
    const stopped = supervisor.start({ name: 'stopped', command: process.execPath, args: ['-e', 'process.stdin.on("end", () => process.exit()).resume()'] })
    // Like a proxy that knows nothing of us: it does not watch its standard input, and has a process of its own.
    const foreign = supervisor.start({ name: 'foreign', command: '/bin/sh', args: ['-c', 'sleep 600 & echo $!; wait'] })
    setInterval(() => {}, 1000)
  `)
  runner.kill('SIGKILL')
  await gone(runner)
  expect([said.stopped, said.foreign, said.grandchild].map(lives)).toEqual([true, true, true])
  expect(sweep().find(({ run }) => run === said.run)).toEqual({ run: said.run, killed: ['stopped', 'foreign'], removed: [folder] })
  await expect.poll(() => [said.stopped, said.foreign, said.grandchild].filter(lives)).toEqual([])
  expect(existsSync(folder)).toBe(false)
  expect(claimOf(said.run)).toBeUndefined()
})

test('a topology whose runner is killed while a gateway is frozen leaves nothing after the next sweep', async () => {
  const runDir = scratch()
  const { child: runner, said } = await runProgram<{ run: string }>((local) => `
    import { loadTopology } from ${local('../../load.ts')}
    import { gatewayConfig } from ${local('../../gateway-config.ts')}
    import { claims } from ${local('ownership.ts')}
    import { localSubstrate } from ${local('../local/local.ts')}
    const topology = await loadTopology('three-regions')
    const deployment = await localSubstrate.start({
      topology, config: await gatewayConfig(topology), seed: 1, runDir: ${JSON.stringify(runDir)}, signal: new AbortController().signal,
      history: { event(event) { if (event.kind === 'fault-in-force') console.log(JSON.stringify({ run: claims().find(({ owner }) => owner.pid === process.pid).run })) }, request() {}, attempt() {} },
      tools: { allowEmbedded: true, allowInstall: false }, progress() {}, options: { gateway: 'reference', mesh: 'none', collectGarbageEveryMs: 0 },
    })
    deployment.at(0, { kind: 'apply', fault: 'freeze', index: 0, primitive: { kind: 'pause', at: [{ region: 'eu-west', parts: ['gateway', 'services'] }] } })
    await deployment.run(600_000_000, new AbortController().signal)
  `)
  const { processes } = claimOf(said.run)!
  expect(processes.length).toBeGreaterThan(12)
  runner.kill('SIGKILL')
  await gone(runner)
  const swept = sweep().find(({ run }) => run === said.run)
  expect(swept?.killed).toEqual(expect.arrayContaining(['gateway/eu-west', 'services/eu-west']))
  await expect.poll(() => processes.filter(({ pid, startTime }) => identify(pid)?.startTime === startTime).map(({ name }) => name)).toEqual([])
  expect(existsSync(join(runDir, 'work'))).toBe(false)
  expect(claimOf(said.run)).toBeUndefined()
})
