// How much memory is left, and how much clusters need. Both the machine and the daemon are asked: a daemon in a virtual
// machine has less than the machine, and one on the machine itself tells of its total only.

import { readFile } from 'node:fs/promises'
import { topologyError } from '../../errors.ts'

const mebibyte = 1024 ** 2
/** A node takes about 500 MiB once it is ready, and our pods on it the rest. */
const regionBytes = 700 * mebibyte
/** Edges, the fault proxy, generators and the runner. */
const besidesBytes = 1024 * mebibyte

export const memoryNeeded = (clusters: number): number => clusters * regionBytes + besidesBytes

export interface Memory {
  /** Of the daemon's machine. */
  dockerTotalBytes: number
  /** Of this machine; null when it does not tell, or when the daemon is elsewhere. */
  availableBytes: number | null
}

export function freeMemory({ dockerTotalBytes, availableBytes }: Memory): number {
  return availableBytes === null ? dockerTotalBytes : Math.min(dockerTotalBytes, availableBytes)
}

/** Throws RGT_MEMORY. */
export function refuseTooLittle(clusters: number, memory: Memory): void {
  const [needed, free] = [memoryNeeded(clusters), freeMemory(memory)]
  if (free >= needed) return
  const inMiB = (bytes: number): string => `${Math.floor(bytes / mebibyte)} MiB`
  throw topologyError('RGT_MEMORY', `${clusters} clusters need more memory than there is`, {
    expected: `${inMiB(needed)}: ${inMiB(regionBytes)} a region and ${inMiB(besidesBytes)} besides`,
    found: memory.availableBytes === null ? `Docker has ${inMiB(memory.dockerTotalBytes)}` : `${inMiB(memory.availableBytes)} available, Docker has ${inMiB(memory.dockerTotalBytes)}`,
    hint: 'end what else is up (regatta down), give Docker more memory, or play it on local or simulated, which need far less',
  })
}

/** What Linux says could be had without swapping (proc(5), MemAvailable); null elsewhere. */
export async function availableBytes(file = '/proc/meminfo'): Promise<number | null> {
  try {
    const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(await readFile(file, 'utf8'))?.[1]
    return kibibytes === undefined ? null : Number(kibibytes) * 1024
  } catch {
    return null
  }
}
