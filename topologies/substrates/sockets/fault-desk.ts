// Puts primitives in force on a running topology, and takes them away again. A use of a primitive has a key, so that
// overlapping faults heal in any order.

import type { Primitive } from '../../primitives.ts'

export interface FaultDesk {
  /** Resolves when it is in force. Throws RGT_UNSUPPORTED when it cannot be. */
  apply(key: string, primitive: Primitive): Promise<void>
  heal(key: string): Promise<void>
  /** Everything, whatever fails: throws the first failure when all was tried. */
  healAll(): Promise<void>
}
