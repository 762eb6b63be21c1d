// The worker's side of a pool: a module that calls `serveJobs` is a program for `openPool`. What is costly to read is
// kept by the module between jobs.

import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import { CodedError } from '../../gateway/errors.ts'
import { scenarioError } from '../errors.ts'
import type { Answer, Question } from './messages.ts'

/** `data` is the pool's `data`, the same object for every job of this thread. Throws RGT_WORKER_JOB outside a worker. */
export function serveJobs<Job, Result, Data = undefined>(handle: (job: Job, data: Data) => Result | Promise<Result>): void {
  if (isMainThread || parentPort === null) throw scenarioError('RGT_WORKER_JOB', 'this module is the program of a worker thread')
  const port = parentPort
  port.on('message', ({ job }: Question) => {
    void answerOf(job as Job, handle).then((answer) => port.postMessage(answer))
  })
}

async function answerOf<Job, Result, Data>(job: Job, handle: (job: Job, data: Data) => Result | Promise<Result>): Promise<Answer> {
  try {
    return { ok: true, result: await handle(job, workerData as Data) }
  } catch (error) {
    const { code, message, details } = error instanceof CodedError ? error
      : scenarioError('RGT_WORKER_JOB', 'a job failed in its worker thread', { found: (error as Error | null)?.stack ?? String(error) })
    const { cause: _cause, ...told } = details
    return { ok: false, error: { code, message, details: told } }
  }
}
