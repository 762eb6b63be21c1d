// Fault primitives: the small vocabulary that every named fault is composed of. A substrate says which it
// can do; each primitive declares what somebody on the affected path sees, so that a fault that was asked
// for but did not bite is found out.

import { regionParts, type ClusterPart, type PlaceRef, type RegionPart } from './topology.ts'

/** Packets travelling in one direction, from one place to another, whoever opened the connection. */
export interface Direction { from: PlaceRef; to: PlaceRef }

/** Parts of a cluster can be paused and stopped, where the capability names them. */
export interface RegionPlace { region: string; parts: (RegionPart | ClusterPart)[] }

export type Primitive =
  /** Adds to the path's own one-way delay. */
  | { kind: 'delay'; on: Direction[]; delayMs: number; jitterMs: number }
  | { kind: 'throttle'; on: Direction[]; bytesPerSecond: number }
  /** black-hole: accepted and silent; refuse: new connections fail, open ones are closed. */
  | { kind: 'cut'; on: Direction[]; mode: 'black-hole' | 'refuse' }
  /** Open connections are reset once; new ones work. */
  | { kind: 'reset'; on: Direction[] }
  /** SIGSTOP, or the substrate's like: the kernel accepts, nobody answers. */
  | { kind: 'pause'; at: RegionPlace[] }
  /** SIGKILL, or the substrate's like: healed by starting again. */
  | { kind: 'stop'; at: RegionPlace[] }
  /** The services of a region answer late and with errors. `errorRate` 0 to 1. */
  | { kind: 'degrade'; at: { region: string; services: string[] | null }[]; delayMs: number; errorRate: number }
  /** Clock skew of a region's processes. */
  | { kind: 'skew'; at: RegionPlace[]; offsetMs: number }
  /** No packet into or out of the machines of a region, whether its processes run on or not. */
  | { kind: 'isolate'; regions: string[] }
  /** SIGKILL once, and whoever supervises the process starts it again at once; healed when it serves again. */
  | { kind: 'kill'; at: RegionPlace[] }
  /** Asked to end politely (SIGTERM, drain), and replaced; healed when the replacement serves. */
  | { kind: 'evict'; at: RegionPlace[] }
  /** Healthy, but out of service discovery until healed. */
  | { kind: 'unready'; at: RegionPlace[] }
  /** That share, 0 to 1, of the packets into and out of a region's machines is lost. */
  | { kind: 'loss'; regions: string[]; share: number }
  /** The collector of traces. refuse: it has ended, connections are refused; hang: the kernel accepts, nobody answers. */
  | { kind: 'collector'; mode: 'refuse' | 'hang' }

export type PrimitiveKind = Primitive['kind']
export const primitiveKinds: readonly PrimitiveKind[] = [
  'delay', 'throttle', 'cut', 'reset', 'pause', 'stop', 'degrade', 'skew', 'isolate', 'kill', 'evict', 'unready', 'loss', 'collector',
]

/** What a witness that bypasses failover must see while a primitive is in force. */
export interface Symptom {
  /**
   * What requests see. 'silent' = no answer in time; 'broken' = refused, reset or closed; 'slower' = at least `byMs` more;
   * 'errors' = at least this share of 5xx; 'unavailable' = silent, broken or refused, because a gateway in between notices;
   * 'none' = nothing.
   * What a good gateway hides from requests, and only the history tells. 'unreachable-control-plane' = gateways lose theirs;
   * 'restarted' = the processes ended and were ready again; 'stopped' = they ended; 'out-of-discovery' = control planes learn
   * of other endpoints; 'unreachable-api-server' = control planes lose their cluster's; 'unreachable-collector' = spans that
   * gateways export are not taken.
   */
  expect: 'silent' | 'broken' | 'slower' | 'errors' | 'unavailable' | 'none' | ToldSymptom
  byMs?: number
  /** Of 'errors'; of 'slower' when not the median but so many requests, 0 to 1, must be slower by `byMs`. */
  share?: number
}

export const toldSymptoms = ['unreachable-control-plane', 'restarted', 'stopped', 'out-of-discovery', 'unreachable-api-server', 'unreachable-collector'] as const
export type ToldSymptom = (typeof toldSymptoms)[number]

/** How one substrate delivers one primitive, published as the capability table. */
export interface Capability {
  supported: boolean
  /** Why not, or how: one line for the table. */
  how: string
  /** What a client on the path sees. */
  symptom: string
  /** Parts that it can be done to; absent = a region's own three. */
  parts?: readonly (RegionPart | ClusterPart)[]
}

export type Capabilities = Record<PrimitiveKind, Capability>

/** Why a substrate cannot deliver this primitive; null when it can. */
export function whyUnsupported(capabilities: Capabilities, primitive: Primitive): string | null {
  const { supported, how, parts = regionParts } = capabilities[primitive.kind]
  if (!supported) return how
  const asked = 'at' in primitive ? primitive.at.flatMap((place) => 'parts' in place ? place.parts : []) : []
  const beyond = [...new Set(asked.filter((part) => !parts.includes(part)))]
  return beyond.length === 0 ? null : `no ${beyond.join(' or ')} here, only ${parts.join(', ')}`
}
