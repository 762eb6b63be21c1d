// Processes that end once and are replaced: killed, or asked to end. The fault is in force as soon as that is under way,
// and healed when the replacement serves; meanwhile the process has no other turn, so other faults find it whole.

import type { Supervisor } from '../sockets/processes.ts'
import type { Turns } from '../sockets/turns.ts'

export interface Replacements {
  /** Resolves when each was killed, or asked to end. `key` names this use. */
  replace(key: string, names: readonly string[], how: 'kill' | 'evict'): Promise<void>
  /** Resolves when every replacement serves. Throws why one does not. */
  done(key: string): Promise<void>
}

export interface ReplacementParts {
  supervisor: Pick<Supervisor, 'kill' | 'end' | 'restart'>
  turns: Turns
  /** Another fault keeps it down: there is nothing to end, and nothing to start. */
  isDown(name: string): boolean
  /** It was started anew: resolves when it serves, and is as other faults want it. */
  started(name: string): Promise<void>
  /** A process that was asked to end has so long, milliseconds. */
  graceMs: number
}

export function openReplacements({ supervisor, turns, isDown, started, graceMs }: ReplacementParts): Replacements {
  const pending = new Map<string, Promise<unknown>>()

  const replaceOne = (name: string, how: 'kill' | 'evict'): { begun: Promise<void>; done: Promise<void> } => {
    const begun = Promise.withResolvers<void>()
    const done = turns.take(name, async () => {
      if (isDown(name)) return begun.resolve()
      const ended = how === 'kill' ? supervisor.kill(name) : supervisor.end(name, graceMs)
      if (how === 'kill') await ended
      begun.resolve()
      await ended
      supervisor.restart(name)
      await started(name)
    })
    done.catch(begun.reject)
    return { begun: begun.promise, done }
  }

  return {
    async replace(key, names, how) {
      const all = names.map((name) => replaceOne(name, how))
      const done = Promise.all(all.map((one) => one.done))
      // Whoever heals hears of a failure; nobody may ever heal.
      done.catch(() => {})
      pending.set(key, done)
      await Promise.all(all.map(({ begun }) => begun))
    },
    async done(key) {
      const waited = pending.get(key)
      pending.delete(key)
      await waited
    },
  }
}
