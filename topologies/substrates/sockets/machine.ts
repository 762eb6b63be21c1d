// Whether the machine had room: processor use of the whole and how late the runner's event loop ran, once a
// second. A run on a crowded machine is no evidence, and these samples are how judging knows.

import { cpus, freemem } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'

export interface MachineSample { cpuShare: number; loopLagP99Ms: number; freeBytes: number }

/** Calls `take` once a second until the returned function is called. */
export function watchMachine(take: (sample: MachineSample) => void): () => void {
  const resolutionMs = 10
  const delay = monitorEventLoopDelay({ resolution: resolutionMs })
  delay.enable()
  let before = processorTimes()
  const timer = setInterval(() => {
    const now = processorTimes()
    const total = now.total - before.total
    take({
      cpuShare: total === 0 ? 0 : (now.busy - before.busy) / total,
      loopLagP99Ms: Math.max(0, delay.percentile(99) / 1e6 - resolutionMs),
      freeBytes: freemem(),
    })
    before = now
    delay.reset()
  }, 1000)
  return () => {
    clearInterval(timer)
    delay.disable()
  }
}

function processorTimes(): { busy: number; total: number } {
  let busy = 0
  let total = 0
  for (const { times } of cpus()) {
    const all = times.user + times.nice + times.sys + times.irq + times.idle
    total += all
    busy += all - times.idle
  }
  return { busy, total }
}
