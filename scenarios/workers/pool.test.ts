// The pool with real threads: results belong to their jobs, and a thread that dies takes only its own job with it.

import { afterEach, describe, expect, it } from 'vitest'
import { openPool, type Pool } from './pool.ts'
import type { TestJob, TestResult } from './pool.case.ts'

const program = new URL('./pool.case.ts', import.meta.url)
const opened: Pool<TestJob, TestResult>[] = []
afterEach(async () => { await Promise.all(opened.splice(0).map((pool) => pool.close())) })

function pool(size: number, signal = new AbortController().signal): Pool<TestJob, TestResult> {
  const made = openPool<TestJob, TestResult>({ program, size, signal, data: { shared: 7 } })
  opened.push(made)
  return made
}

describe('openPool', () => {
  it('gives each job its own result, in whatever order they end', async () => {
    const three = pool(3)
    const results = await Promise.all([30, 0, 10, 0, 5].map((afterMs, echo) => three.run({ echo, afterMs })))
    expect(results.map(({ echo }) => echo)).toEqual([0, 1, 2, 3, 4])
    expect(results[0].data).toEqual({ shared: 7 })
  })
  it('uses a thread again, and no more threads than asked for', async () => {
    const one = pool(1)
    const results = await Promise.all([1, 2, 3].map((echo) => one.run({ echo })))
    expect(results.map(({ jobsHere }) => jobsHere)).toEqual([1, 2, 3])
  })
  it('rejects a job that throws with its code and details, and lives on', async () => {
    const one = pool(1)
    await expect(one.run({ fail: 'coded' })).rejects.toMatchObject({ code: 'RGT_SCENARIO_TIMELINE', message: 'too late', details: { hint: 'be early' } })
    await expect(one.run({ fail: 'plain' })).rejects.toMatchObject({ code: 'RGT_WORKER_JOB', details: { found: expect.stringContaining('plain') } })
    expect((await one.run({ echo: 1 })).jobsHere).toBe(3)
  })
  it('a thread that dies rejects its job, and another takes its place', async () => {
    const one = pool(1)
    const dying = one.run({ die: true })
    const after = one.run({ echo: 5 })
    await expect(dying).rejects.toMatchObject({ code: 'RGT_WORKER_DIED' })
    expect(await after).toMatchObject({ echo: 5, jobsHere: 1 })
  })
  it('a program that cannot be loaded rejects its jobs', async () => {
    const broken = openPool<number, number>({ program: new URL('./nothing-here.ts', import.meta.url), size: 1, signal: new AbortController().signal })
    await expect(broken.run(1)).rejects.toMatchObject({ code: 'RGT_WORKER_DIED', details: { found: expect.stringContaining('nothing-here') } })
    await broken.close()
  })
  it('closing rejects what is not done', async () => {
    const one = pool(1)
    const [hanging, waiting] = [one.run({ hang: true }), one.run({ echo: 1 })]
    const both = Promise.allSettled([hanging, waiting])
    await one.close()
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await expect(one.run({ echo: 1 })).rejects.toMatchObject({ code: 'RGT_WORKER_DIED' })
  })
  it('a signal ends everything with its reason', async () => {
    const abort = new AbortController()
    const one = pool(1, abort.signal)
    const both = Promise.allSettled([one.run({ hang: true }), one.run({ echo: 1 })])
    abort.abort(new Error('enough'))
    expect(await both).toMatchObject([{ reason: { message: 'enough' } }, { reason: { message: 'enough' } }])
    await expect(one.run({ echo: 1 })).rejects.toThrow('enough')
  })
})
