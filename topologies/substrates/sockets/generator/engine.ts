// The open-loop engine: sends every arrival when it is due, whatever became of those before, and writes one
// row for each. Latency counts from the schedule, so a stalled system cannot hide by slowing its clients.

import { createHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import type { Clock } from '../../../../gateway/ports.ts'
import type { RequestRow } from '../../../history.ts'
import { Schedule, type ScheduledStream } from '../../../schedule.ts'
import type { StreamSpec } from '../../../substrate.ts'
import { defaultMaxInFlight, type GeneratorBootstrap } from './bootstrap.ts'
import { openClient } from './client.ts'
import { wayInOf } from './entries.ts'
import type { GeneratorSummary, GeneratorWriter } from './lines.ts'
import { StreamSender } from './stream.ts'
import { Upstreams } from './upstreams.ts'

/** Timers are true to a millisecond. Below this the loop turns instead of sleeping: finer would cost a core. */
const turnBelowUs = 200
const loopResolutionMs = 20

export interface Engine {
  start(zeroUs: number): void
  /** Every arrival sent and every answer in (or given up); resolves after the summary is written. */
  readonly finished: Promise<GeneratorSummary>
  /** Ends early: what is in flight is written as 'lost'. */
  stop(): Promise<void>
}

/** Throws RGT_GENERATOR_ENTRY when a stream has nowhere to go. */
export function openEngine(bootstrap: GeneratorBootstrap, clock: Clock, writer: GeneratorWriter, niceness: number): Engine {
  const upstreams = new Upstreams()
  const senders = new Map<StreamSpec, StreamSender>()
  for (const load of bootstrap.loads) {
    load.streams.forEach((stream, at) => {
      const wayIn = wayInOf(stream, bootstrap.entries)
      senders.set(stream, new StreamSender(load, at, wayIn, openClient(wayIn, upstreams, clock), bootstrap.token))
    })
  }
  const schedule = new Schedule(bootstrap.loads)
  const maxInFlight = bootstrap.maxInFlight ?? defaultMaxInFlight
  const inFlight = new Map<RequestRow, () => void>()
  const lag = createHistogram()
  const loopDelay = monitorEventLoopDelay({ resolution: loopResolutionMs })
  const counts = { scheduled: 0, sent: 0, dropped: 0, unfinished: 0 }
  const { promise: finished, resolve } = Promise.withResolvers<GeneratorSummary>()
  let zeroUs = 0
  let ended = false
  let cancelTimer = (): void => {}

  const dispatch = ({ cursor }: ScheduledStream): void => {
    const sender = senders.get(cursor.stream)!
    const row = sender.row(cursor.index, cursor.atUs, cursor.template)
    counts.scheduled++
    row.startUs = clock.nowUs() - zeroUs
    if (inFlight.size >= maxInFlight) {
      counts.dropped++
      return writer.request(row)
    }
    counts.sent++
    lag.record(Math.max(1, row.startUs - row.scheduledUs))
    inFlight.set(row, () => {})
    const abandon = sender.send(row, cursor.template, (result) => {
      inFlight.delete(row)
      writer.request(Object.assign(row, result, { durationUs: clock.nowUs() - zeroUs - row.startUs }))
      if (inFlight.size === 0 && schedule.nextUs === Infinity) end()
    })
    if (inFlight.has(row)) inFlight.set(row, abandon)
  }

  const wake = (): void => {
    if (ended) return
    for (let nowUs = clock.nowUs() - zeroUs; schedule.nextUs <= nowUs; nowUs = clock.nowUs() - zeroUs) {
      const due = schedule.head
      dispatch(due)
      schedule.advance()
    }
    if (schedule.nextUs === Infinity) {
      if (inFlight.size === 0) end()
      return
    }
    const waitUs = schedule.nextUs - (clock.nowUs() - zeroUs)
    cancelTimer = waitUs < turnBelowUs ? turn(wake) : sleep(wake, waitUs / 1000)
  }

  const end = (): void => {
    if (ended) return
    ended = true
    cancelTimer()
    loopDelay.disable()
    const { user, system } = process.cpuUsage()
    const summary: GeneratorSummary = {
      name: bootstrap.name, ...counts, niceness, cpuUs: user + system,
      lagP99Us: counts.sent === 0 ? 0 : lag.percentile(99),
      loopLagP99Us: Math.max(0, Math.round(loopDelay.percentile(99) / 1000) - loopResolutionMs * 1000),
    }
    writer.summary(summary)
    writer.flush()
    resolve(summary)
  }

  return {
    finished,
    start(zero) {
      zeroUs = zero
      loopDelay.enable()
      wake()
    },
    async stop() {
      if (!ended) {
        counts.unfinished = inFlight.size
        const nowUs = clock.nowUs() - zeroUs
        for (const [row, abandon] of inFlight) {
          abandon()
          writer.request(Object.assign(row, { durationUs: nowUs - row.startUs }))
        }
        inFlight.clear()
        end()
      }
      await upstreams.destroy()
    },
  }
}

function turn(run: () => void): () => void {
  const immediate = setImmediate(run)
  return () => clearImmediate(immediate)
}

/** Rounds down: waking a little early and looking again is cheaper than being late. */
function sleep(run: () => void, waitMs: number): () => void {
  const timer = setTimeout(run, Math.max(1, Math.floor(waitMs)))
  return () => clearTimeout(timer)
}
