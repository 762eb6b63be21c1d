// Clusters that were made a moment ago are busy with themselves for some seconds more: what is measured then is their
// start. So a start ends when the machine has calmed down, or says that it did not.

import type { MachineSample } from '../sockets/machine.ts'
import { watchMachine } from '../sockets/machine.ts'

export interface CalmOptions {
  /** Processor use of the whole that counts as calm. */
  below: number
  /** So many seconds one after another. */
  seconds: number
  atMostSeconds: number
}

const usual: CalmOptions = { below: 0.4, seconds: 3, atMostSeconds: 45 }

/** Resolves to the last sample's processor use; above `below` when the machine did not calm down in time. */
export function untilCalm(signal: AbortSignal, options: CalmOptions = usual, watch: (take: (sample: MachineSample) => void) => () => void = watchMachine): Promise<number> {
  const { below, seconds, atMostSeconds } = options
  return new Promise((resolve, reject) => {
    let calm = 0
    let looked = 0
    const stop = watch(({ cpuShare }) => {
      looked++
      calm = cpuShare < below ? calm + 1 : 0
      if (calm < seconds && looked < atMostSeconds) return
      end()
      resolve(cpuShare)
    })
    const abort = (): void => {
      end()
      reject(signal.reason as Error)
    }
    const end = (): void => {
      stop()
      signal.removeEventListener('abort', abort)
    }
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
  })
}
