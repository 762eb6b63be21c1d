// Who offers load to clusters: processes of this machine, as on local, which reach the links through mapped ports; or a
// player inside a cluster.

import { dirname } from 'node:path'
import type { StartRequest } from '../../substrate.ts'
import type { Journal } from '../sockets/journal.ts'
import { openLoads, type Loads } from '../sockets/loads.ts'
import { supervise } from '../sockets/processes.ts'
import { childEnvironment } from '../sockets/programs.ts'
import type { KindLayout } from './layout.ts'
import type { Player } from './load-cluster.ts'
import type { Site } from './site.ts'

const endGraceMs = 2_000

/** `player`: null = processes of this machine play everything. */
export function openRunLoads({ claim, workDir, programs, token, k6, inventory, undo }: Site, layout: KindLayout, { history }: StartRequest, journal: Journal, player: Player | null): Loads {
  const supervisor = supervise(claim, workDir, childEnvironment(dirname(programs.gateway)), {
    line(name, line) {
      loads.line(name, line)
      journal.line(name, line)
    },
    state: (process, state, pid) => journal.note({ kind: 'process', process, state, pid }),
  })
  const loads = openLoads({
    supervisor, programs, waysIn: layout.waysIn, token, k6, journal, history, workDir, clock: inventory.clock, ...(player === null ? {} : { player }),
  })
  undo.push(() => supervisor.endAll(endGraceMs))
  return loads
}
