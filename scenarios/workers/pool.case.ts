// A worker for the pool's tests: does as its job says.

import { scenarioError } from '../errors.ts'
import { serveJobs } from './serve.ts'

export type TestJob = { echo: number; afterMs?: number } | { fail: 'coded' | 'plain' } | { die: true } | { hang: true }
export interface TestResult { echo: number; data: unknown; jobsHere: number }

let jobsHere = 0

serveJobs<TestJob, TestResult, unknown>(async (job, data) => {
  jobsHere++
  if ('die' in job) process.exit(3)
  if ('hang' in job) return new Promise(() => {})
  if ('fail' in job) {
    if (job.fail === 'coded') throw scenarioError('RGT_SCENARIO_TIMELINE', 'too late', { hint: 'be early', cause: new Error('hidden') })
    throw new Error('plain')
  }
  await new Promise((resolve) => setTimeout(resolve, job.afterMs ?? 0))
  return { echo: job.echo, data, jobsHere }
})
