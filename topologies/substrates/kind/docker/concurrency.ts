// Pure: how many clusters are made at once. Making one keeps about one core busy, so more than cores only take each
// other's time and come nearer to their time limit; and each node takes memory from its first moment.

/** Of one node while it comes up, with room to spare: about 500 MiB were measured. */
export const nodeBytes = 700 * 1024 ** 2

export interface Room { cpus: number; freeBytes: number }

/** At least one, however small the machine is: whether it is too small is asked before. */
export function clustersAtOnce({ cpus, freeBytes }: Room, wanted: number): number {
  return Math.max(1, Math.min(wanted, Math.max(2, cpus), Math.floor(freeBytes / nodeBytes)))
}

/** Works through a list, so many at a time; results in the order of the list. The first failure is thrown when all that began has ended. */
export async function inParallel<T, R>(items: readonly T[], atOnce: number, work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  let next = 0
  let failure: { error: unknown } | null = null
  const worker = async (): Promise<void> => {
    while (next < items.length && failure === null) {
      const index = next++
      try {
        results[index] = await work(items[index])
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker))
  if (failure !== null) throw (failure as { error: unknown }).error
  return results
}
