// A generator process: the prober, the witness, path probes, and the load itself where k6 cannot be had. It
// starts early and waits for the run's zero, so that a process's birth never delays the first request.

import { setPriority, getPriority } from 'node:os'
import { createInterface } from 'node:readline'
import { runChild } from '../../../../gateway/runtime.ts'
import type { GeneratorBootstrap } from './bootstrap.ts'
import { openEngine } from './engine.ts'
import { openGeneratorWriter } from './lines.ts'

await runChild<GeneratorBootstrap>(async ({ bootstrap, clock, scheduler, evidence }) => {
  const writer = openGeneratorWriter(process.stdout, scheduler)
  const engine = openEngine(bootstrap, clock, writer, askForNiceness(bootstrap.niceness))
  if (bootstrap.zeroUs !== null) engine.start(bootstrap.zeroUs)
  else {
    const lines = createInterface({ input: process.stdin })
    lines.on('line', (line) => {
      const zeroUs = readZero(line)
      if (zeroUs === null) {
        const message = `expected {"zeroUs":…} on standard input, found ${line.slice(0, 80)}`
        evidence.event({ atUs: clock.nowUs(), kind: 'log', level: 'error', code: 'RGT_BOOTSTRAP', message })
        return
      }
      lines.removeAllListeners('line')
      engine.start(zeroUs)
    })
  }
  return async () => {
    await engine.stop()
    writer.flush()
  }
})

/** What was asked for where the system permits it; 0 otherwise. The summary says which. */
function askForNiceness(niceness: number | undefined): number {
  if (niceness === undefined) return 0
  try {
    setPriority(niceness)
  } catch {
    return 0
  }
  return getPriority()
}

function readZero(line: string): number | null {
  try {
    const { zeroUs } = JSON.parse(line) as { zeroUs: unknown }
    return typeof zeroUs === 'number' && Number.isFinite(zeroUs) ? zeroUs : null
  } catch {
    return null
  }
}
