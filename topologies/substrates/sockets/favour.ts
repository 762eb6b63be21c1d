// Who measures goes before what is measured: a request that is sent late, or a fault that comes late, is the testbed's doing.

import { getPriority, setPriority } from 'node:os'

export const measuringNiceness = -5

/** Where the system permits it; how late things happen is measured either way. Gives what takes it back. */
export function favour(pid: number | undefined): () => void {
  if (pid === undefined) return () => {}
  try {
    const before = getPriority(pid)
    setPriority(pid, measuringNiceness)
    return () => setPriority(pid, before)
  } catch {
    return () => {}
  }
}
