// Fault primitives: the small vocabulary that every named fault is composed of. A substrate says which it
// can do; each primitive declares what somebody on the affected path sees, so that a fault that was asked
// for but did not bite is found out.

import type { PlaceRef, RegionPart } from './topology.ts'

/** Packets travelling in one direction, from one place to another, whoever opened the connection. */
export interface Direction { from: PlaceRef; to: PlaceRef }

export interface RegionPlace { region: string; parts: RegionPart[] }

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

export type PrimitiveKind = Primitive['kind']
export const primitiveKinds: readonly PrimitiveKind[] = ['delay', 'throttle', 'cut', 'reset', 'pause', 'stop', 'degrade', 'skew']

/** What a witness that bypasses failover must see while a primitive is in force. */
export interface Symptom {
  /** 'silent' = no answer in time; 'broken' = refused, reset or closed; 'slower' = at least `byMs` more; 'errors' = at least this share of 5xx; 'unavailable' = silent, broken or refused, because a gateway in between notices. */
  expect: 'silent' | 'broken' | 'slower' | 'errors' | 'unavailable' | 'unreachable-control-plane' | 'none'
  byMs?: number
  share?: number
}

/** How one substrate delivers one primitive, published as the capability table. */
export interface Capability {
  supported: boolean
  /** Why not, or how: one line for the table. */
  how: string
  /** What a client on the path sees. */
  symptom: string
}

export type Capabilities = Record<PrimitiveKind, Capability>
