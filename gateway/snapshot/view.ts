// What a configuration is compiled against: for whom, and in which world.

import type { Discovery } from '../controlplane/protocol.ts'
import type { Snapshot } from './snapshot.ts'

/** Who the snapshot is for, and what the world looks like. A Discovery is replaced when it changes, never altered. */
export interface GatewayView {
  gateway: Snapshot['gateway']
  discovery: Discovery
}
