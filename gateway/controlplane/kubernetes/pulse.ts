// Whether the API server is there, asked by itself every few seconds and whenever something else failed. A quiet watch
// says nothing about it: the machine of a dead server may keep a connection open for minutes.

import type { Clock, Evidence, Scheduler } from '../../ports.ts'
import type { ApiServer } from './api-server.ts'

export interface Pulse {
  /** Asks now; resolves when the server is there, or when the signal says so. */
  beat(): Promise<void>
}

export interface PulseOptions {
  server: Pick<ApiServer, 'address' | 'alive'>
  clock: Clock
  scheduler: Scheduler
  evidence: Pick<Evidence, 'event'>
  signal: AbortSignal
  /** It is there again. */
  found(): void
}

const everyMs = 2_000
const lostEveryMs = 250
/** One question that nobody answered may be a busy machine. */
const misses = 2

export function openPulse({ server, clock, scheduler, evidence, signal, found }: PulseOptions): Pulse {
  let missed = 0
  let asking: Promise<void> | null = null
  let cancel = (): void => {}

  const next = (): void => {
    if (!signal.aborted) cancel = scheduler.after(missed > 0 ? lostEveryMs : everyMs, () => void ask())
  }

  function ask(): Promise<void> {
    cancel()
    return asking ??= server.alive(signal).then(answered, unanswered).finally(() => {
      asking = null
      next()
    })
  }

  function answered(): void {
    const wasLost = missed >= misses
    missed = 0
    if (!wasLost || signal.aborted) return
    evidence.event({ atUs: clock.nowUs(), kind: 'api-server-found', address: server.address })
    found()
  }

  function unanswered(): void {
    if (signal.aborted) return
    missed++
    if (missed === misses) evidence.event({ atUs: clock.nowUs(), kind: 'api-server-lost', address: server.address })
  }

  signal.addEventListener('abort', () => cancel(), { once: true })
  next()
  return {
    async beat() {
      do await ask()
      while (missed > 0 && !signal.aborted && await paused())
    },
  }

  /** Until the next question. */
  function paused(): Promise<true> {
    return new Promise((resolve) => { scheduler.after(lostEveryMs, () => resolve(true)) })
  }
}
