// Every toxic that the embedded proxy knows, under its name on the wire.

import { bandwidth } from './bandwidth.ts'
import { latency } from './latency.ts'
import { limitData } from './limit_data.ts'
import { resetPeer } from './reset_peer.ts'
import { slicer } from './slicer.ts'
import { slowClose } from './slow_close.ts'
import { timeout } from './timeout.ts'
import type { ToxicKind } from './toxic.ts'

export const toxicKinds: Readonly<Record<string, ToxicKind<any>>> = {
  latency,
  bandwidth,
  timeout,
  reset_peer: resetPeer,
  slow_close: slowClose,
  limit_data: limitData,
  slicer,
}
