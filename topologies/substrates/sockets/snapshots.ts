// Waits for the first snapshot of every gateway, which is the moment when a topology begins to serve.

import { topologyError } from '../../errors.ts'

export interface FirstSnapshots {
  /** A line of standard output of any process. */
  line(process: string, line: string): void
  /** Resolves when every gateway has applied its first snapshot. Throws RGT_SUBSTRATE_START that names the others. */
  all(timeoutMs: number): Promise<void>
}

export function watchSnapshots(gateways: readonly string[]): FirstSnapshots {
  const waiting = new Set(gateways)
  let resolveAll: () => void = () => {}
  const everyone = new Promise<void>((resolve) => { resolveAll = resolve })
  return {
    line(process, line) {
      if (!waiting.has(process) || !line.includes('"kind":"snapshot-applied"')) return
      waiting.delete(process)
      if (waiting.size === 0) resolveAll()
    },
    async all(timeoutMs) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(topologyError('RGT_SUBSTRATE_START', `${waiting.size} of ${gateways.length} gateways have no configuration`, {
          expected: `a first snapshot within ${timeoutMs / 1000} s`, found: `none at ${[...waiting].join(', ')}`,
          hint: 'a machine that is busy with other things is too slow for this: end them, or take a smaller topology',
        })), timeoutMs)
      })
      await Promise.race([everyone, late]).finally(() => clearTimeout(timer))
    },
  }
}
