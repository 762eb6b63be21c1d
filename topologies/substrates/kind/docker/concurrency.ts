// Pure: how many clusters are made at once. Two at once keep two cores busy (measured: 12.3 s for one, 18.8 s for two), so
// more than cores only take each other's time and come nearer to their time limit; and each node takes memory at once.

/** Of one node while it comes up, with room to spare: about 500 MiB were measured. */
export const nodeBytes = 700 * 1024 ** 2

export interface Room { cpus: number; freeBytes: number }

/** At least one, however small the machine is: whether it is too small is asked before. */
export function clustersAtOnce({ cpus, freeBytes }: Room, wanted: number): number {
  return Math.max(1, Math.min(wanted, Math.max(2, cpus), Math.floor(freeBytes / nodeBytes)))
}
