// Graceful end: no new connections; every response says `connection: close`; a connection that has been idle
// for a moment closes; what is still in flight gets its time. Closing an idle connection at once would cut
// off a request that is already on its way.

import type { Scheduler } from '../ports.ts'
import type { Listener } from './listener.ts'

const idleMs = 500
const lookMs = 50

/** Resolves to the number of connections that had to be cut after `limitMs`. */
export function drainListeners(listeners: readonly Listener[], limitMs: number, scheduler: Scheduler): Promise<number> {
  for (const listener of listeners) listener.stopAccepting()
  return new Promise((resolve) => {
    let leftMs = limitMs
    const stop = scheduler.every(lookMs, () => {
      leftMs -= lookMs
      let open = 0
      for (const listener of listeners) {
        listener.closeIdle(idleMs)
        open += listener.size
      }
      if (open > 0 && leftMs > 0) return
      stop()
      for (const listener of listeners) listener.destroy()
      resolve(open)
    })
  })
}
