// Work on one thing, one after another: a fault that is healed while it is still being put in force must not
// overtake itself, and two faults on one link must not mix their calls.

export interface Turns {
  /** Starts `work` when everything asked for before under this key is over, however that ended. */
  take<T>(key: string, work: () => Promise<T>): Promise<T>
}

export function openTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    take(key, work) {
      const before = last.get(key)
      const mine = before === undefined ? work() : before.then(work, work)
      last.set(key, mine)
      const leave = (): void => {
        if (last.get(key) === mine) last.delete(key)
      }
      mine.then(leave, leave)
      return mine
    },
  }
}
