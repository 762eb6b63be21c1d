// The data plane's side of exporting: hands batches to a thread of its own, and knows how much lies there, so that a collector
// that refuses or hangs costs memory up to a bound and no time. The thread begins here, before requests come: loading what it
// needs with the first batch would take the processors of a busy gateway, and probes of its region would come late.

import { Worker } from 'node:worker_threads'
import type { Scheduler } from '../../ports.ts'
import { systemScheduler } from '../../runtime.ts'
import type { ExportCounts, OtlpTarget, SpanExporter } from './exporter.ts'
import type { FromSender, SenderSettings, ToSender } from './messages.ts'
import { workerAddress } from './worker-address.ts'

export interface ExporterOptions extends Pick<SenderSettings, 'process' | 'region'> {
  /** Most that may lie in the queue and be under way: spans, and octets as recorded. */
  mostSpans?: number
  mostOctets?: number
  timeoutMs?: number
  spansPerRequest?: number
  /** The collector stopped taking spans, and why; null: it takes them again. */
  changed?(problem: string | null): void
  scheduler?: Scheduler
}

const defaults = { mostSpans: 16_384, mostOctets: 8 * 1024 * 1024, timeoutMs: 1_500, spansPerRequest: 1_024 }

/** The part of a thread that exporting needs; tests bring their own. */
export interface SenderThread {
  post(message: ToSender, transfer: ArrayBuffer[]): void
  heard(listen: (message: FromSender) => void): void
  /** It ended by itself, and why. */
  died(listen: (why: string) => void): void
  end(): Promise<unknown>
}

export function openExporter(
  target: OtlpTarget, { process, region, changed = () => {}, scheduler = systemScheduler, ...bounds }: ExporterOptions,
  startThread: (settings: SenderSettings) => SenderThread = startWorker,
): SpanExporter {
  const { mostSpans, mostOctets, timeoutMs, spansPerRequest } = { ...defaults, ...bounds }
  const counts: ExportCounts = { queued: 0, sent: 0, sentBytes: 0, shed: 0, failed: 0 }
  let queuedOctets = 0
  let problem: string | null = null
  let state: 'open' | 'closing' | 'dead' = 'open'
  let ended = (): void => {}
  /** Names that came with batches that were shed: later batches refer to them. */
  const untold = new Map<number, string>()

  const turn = (now: string | null): void => {
    const differs = (now === null) !== (problem === null)
    problem = now
    if (differs) changed(now)
  }
  const thread = startThread({ target, process, region, timeoutMs, spansPerRequest })
  thread.heard((message) => {
    if (message.kind === 'ended') {
      ended()
      return
    }
    counts.queued -= message.spans
    queuedOctets -= message.batchOctets
    counts.sentBytes += message.octets
    if (message.problem === null) counts.sent += message.spans
    else counts.failed += message.spans
    turn(message.problem)
  })
  thread.died((why) => {
    if (state === 'dead') return
    state = 'dead'
    counts.failed += counts.queued
    counts.queued = 0
    turn(why)
    ended()
  })

  return {
    counts,
    export(batch) {
      if (state !== 'open' || counts.queued + batch.spans > mostSpans || queuedOctets + batch.bytes.byteLength > mostOctets) {
        counts.shed += batch.spans
        for (const [number, name] of batch.names) untold.set(number, name)
        return false
      }
      counts.queued += batch.spans
      queuedOctets += batch.bytes.byteLength
      const names = untold.size === 0 ? batch.names : [...untold, ...batch.names]
      untold.clear()
      thread.post({ kind: 'batch', batch: { ...batch, names } }, [batch.bytes])
      return true
    },
    async close(timeoutMs) {
      if (state !== 'open') return
      state = 'closing'
      if (counts.queued > 0) await new Promise<void>((resolve) => {
        const cancel = scheduler.after(timeoutMs, resolve)
        ended = () => {
          cancel()
          resolve()
        }
        thread.post({ kind: 'end' }, [])
      })
      state = 'dead'
      counts.shed += counts.queued
      counts.queued = 0
      await thread.end()
    },
  }
}

function startWorker(workerData: SenderSettings): SenderThread {
  // Nothing of the environment: OpenTelemetry's libraries would take settings from it. When their time is up before they send
  // again, they set a timer of less than nought, of which Node warns.
  const worker = new Worker(workerAddress(import.meta.url), { workerData, env: {}, execArgv: ['--disable-warning=TimeoutNegativeWarning'] })
  worker.unref()
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    heard: (listen) => worker.on('message', listen),
    died: (listen) => worker.on('error', (error) => listen(`the exporting thread died: ${String(error)}`)).on('exit', (code) => listen(`the exporting thread ended with ${code}`)),
    end: () => worker.terminate(),
  }
}
