// What a process can be: running, paused (what arrives waits, timers do not fire), or stopped (what waited is gone).
// The same for control planes and for the gateways' side of their deliveries.

export interface ProcessLife {
  readonly state: 'running' | 'paused' | 'stopped'
  /** Now, or when it goes on. `dropped` instead when it is stopped, or is stopped before it goes on. */
  take(run: () => void, dropped?: () => void): void
  pause(): void
  resume(): void
  stop(): void
  restart(): void
}

export interface LifeHooks {
  /** It goes on: its timers come first, then what waited, as in the event loop of a process that was paused. */
  wake(): void
  die(): void
  /** It was stopped and runs anew. */
  start(): void
}

export function createLife({ wake, die, start }: LifeHooks): ProcessLife {
  let state: ProcessLife['state'] = 'running'
  let held: { run: () => void; dropped?: () => void }[] = []
  return {
    get state() { return state },
    take(run, dropped) {
      if (state === 'running') run()
      else if (state === 'paused') held.push({ run, dropped })
      else dropped?.()
    },
    pause() {
      if (state === 'running') state = 'paused'
    },
    resume() {
      if (state !== 'paused') return
      state = 'running'
      const waited = held
      held = []
      wake()
      for (const { run } of waited) run()
    },
    stop() {
      if (state === 'stopped') return
      state = 'stopped'
      const waited = held
      held = []
      die()
      for (const { dropped } of waited) dropped?.()
    },
    restart() {
      if (state !== 'stopped') return
      state = 'running'
      start()
    },
  }
}
