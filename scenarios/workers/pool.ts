// Jobs over the machine's cores, one worker thread each. A job and its result are plain data (structured clone), a
// promise a job: whoever collects results in the order of the jobs has the same outcome whatever the number of workers.

import { Worker } from 'node:worker_threads'
import { CodedError } from '../../gateway/errors.ts'
import { scenarioError } from '../errors.ts'
import type { Answer, Question } from './messages.ts'

export interface PoolOptions {
  /** Module that calls `serveJobs` (see `serve.ts`): `new URL('./trial-worker.ts', import.meta.url)`. */
  program: URL
  /** How many threads at most; each does one job at a time. */
  size: number
  signal: AbortSignal
  /** Given to each worker once, with its first job or before. Plain data. */
  data?: unknown
}

export interface Pool<Job, Result> extends AsyncDisposable {
  readonly size: number
  /**
   * Jobs begin in the order of the calls. Rejects with the coded error that the job threw (RGT_WORKER_JOB when it threw
   * another), with RGT_WORKER_DIED when its thread ended, and with the signal's reason.
   */
  run(job: Job): Promise<Result>
  /** Ends the threads at once; jobs that are not done reject with RGT_WORKER_DIED. */
  close(): Promise<void>
}

interface Waiting { job: unknown; resolve(result: unknown): void; reject(reason: unknown): void }
interface Thread { worker: Worker; held: Waiting | null }

/** No thread is started before there is a job for it. */
export function openPool<Job, Result>(options: PoolOptions): Pool<Job, Result> {
  const { size, signal } = options
  const threads: Thread[] = []
  const queue: Waiting[] = []
  let over: { reason: unknown } | null = null

  const next = (): void => {
    while (queue.length > 0) {
      const thread = threads.find(({ held }) => held === null) ?? (threads.length < size ? start() : null)
      if (thread === null) return
      thread.held = queue.shift()!
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
      thread.worker.postMessage({ job: thread.held.job } satisfies Question)
    }
  }
  const start = (): Thread => {
    const thread: Thread = { worker: new Worker(options.program, { workerData: options.data }), held: null }
    threads.push(thread)
    let cause: unknown = 'its thread ended'
    thread.worker.on('message', (answer: Answer) => {
      const { held } = thread
      thread.held = null
      settle(held, answer)
      next()
    })
    thread.worker.on('messageerror', (error) => { cause = error })
    thread.worker.on('error', (error) => { cause = error })
    thread.worker.on('exit', () => {
      threads.splice(threads.indexOf(thread), 1)
      thread.held?.reject(over === null ? died(cause) : over.reason)
      next()
    })
    return thread
  }
  const end = async (reason: unknown): Promise<void> => {
    over ??= { reason }
    queue.splice(0).forEach((waiting) => waiting.reject(over!.reason))
    signal.removeEventListener('abort', aborted)
    await Promise.all(threads.map(({ worker }) => worker.terminate()))
  }
  const aborted = (): void => void end(signal.reason)
  signal.addEventListener('abort', aborted)
  const close = (): Promise<void> => end(died('the pool was closed'))

  return {
    size,
    run: (job) => new Promise((resolve, reject) => {
      if (signal.aborted || over !== null) return reject(over === null ? signal.reason : over.reason)
      queue.push({ job, resolve: resolve as (result: unknown) => void, reject })
      next()
    }),
    close,
    [Symbol.asyncDispose]: close,
  }
}

function settle(held: Waiting | null, answer: Answer): void {
  if (answer.ok) return held?.resolve(answer.result)
  const { code, message, details } = answer.error
  held?.reject(new CodedError(code, message, details))
}

function died(cause: unknown): CodedError {
  return scenarioError('RGT_WORKER_DIED', 'a worker thread ended before its job was done', { found: String(cause), cause })
}
