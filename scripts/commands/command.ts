// What a verb of the command line is: one file each, listed in index.ts. `action` returns the exit code.

import type { Command as Commander } from 'commander'

export interface Command {
  readonly name: string
  /** Adds the verb with its arguments, options and help to the program; calls `end` with the exit code. */
  add(program: Commander, end: (code: number) => void): void
}

/** An action as commander calls it, with its outcome as an exit code. */
export function ending<Args extends unknown[]>(end: (code: number) => void, action: (...args: Args) => Promise<number>): (...args: Args) => Promise<void> {
  return async (...args) => end(await action(...args))
}
