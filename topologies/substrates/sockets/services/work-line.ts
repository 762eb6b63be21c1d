// The line before one replica: it works on a limited number of requests at once, the rest wait in the order of their
// arrival. What the simulated substrate does with the same `concurrency`.

/** Somebody who waits for an answer; `destroyed` once they have gone. */
export interface Waiting { readonly destroyed: boolean }

export interface WorkLine {
  /** Begins the work now, or when its turn comes; never, when the one who waits has gone by then. */
  enter(client: Waiting, work: () => void): void
  /** One piece of work is done. */
  leave(): void
}

/** `concurrency` null = no limit. */
export function workLine(concurrency: number | null): WorkLine {
  const line: { client: Waiting; work: () => void }[] = []
  const limit = concurrency ?? Infinity
  let busy = 0
  return {
    enter(client, work) {
      if (busy >= limit) {
        line.push({ client, work })
        return
      }
      busy++
      work()
    },
    leave() {
      busy--
      while (busy < limit && line.length > 0) {
        const { client, work } = line.shift()!
        if (client.destroyed) continue
        busy++
        work()
      }
    },
  }
}
