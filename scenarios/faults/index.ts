// The registry of faults: kind = file name = key. A new fault is one file and one line here; the schema of
// scenarios, its JSON Schema and the reference follow.

import { apiServerLoss } from './api-server-loss.ts'
import { asymmetricPartition } from './asymmetric-partition.ts'
import { collectorOutage } from './collector-outage.ts'
import { controlPlaneLoss } from './control-plane-loss.ts'
import { dnsFailure } from './dns-failure.ts'
import type { Fault } from './fault.ts'
import { flappingRegion } from './flapping-region.ts'
import { latencySpike } from './latency-spike.ts'
import { linkCut } from './link-cut.ts'
import { packetLoss } from './packet-loss.ts'
import { podEviction } from './pod-eviction.ts'
import { podKill } from './pod-kill.ts'
import { podUnready } from './pod-unready.ts'
import { regionBrownout } from './region-brownout.ts'
import { regionalCrash } from './regional-crash.ts'
import { regionalHang } from './regional-hang.ts'
import { regionalOutage } from './regional-outage.ts'
import { serviceOutage } from './service-outage.ts'

export const faults = {
  'api-server-loss': apiServerLoss,
  'asymmetric-partition': asymmetricPartition,
  'collector-outage': collectorOutage,
  'control-plane-loss': controlPlaneLoss,
  'dns-failure': dnsFailure,
  'flapping-region': flappingRegion,
  'latency-spike': latencySpike,
  'link-cut': linkCut,
  'packet-loss': packetLoss,
  'pod-eviction': podEviction,
  'pod-kill': podKill,
  'pod-unready': podUnready,
  'region-brownout': regionBrownout,
  'regional-crash': regionalCrash,
  'regional-hang': regionalHang,
  'regional-outage': regionalOutage,
  'service-outage': serviceOutage,
} satisfies Record<string, Fault>

export type FaultKind = keyof typeof faults
export const faultKinds = Object.keys(faults) as FaultKind[]

/** The fault of a kind, with its types laid aside: blocks are checked against its parameters when read. */
export function faultOf(kind: string): Fault | undefined {
  return Object.hasOwn(faults, kind) ? faults[kind as FaultKind] : undefined
}
