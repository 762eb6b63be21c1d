// The port of faults: a named fault is a pure recipe that composes substrate primitives, each with its own
// healing time and with what a witness must see while it is in force. A fault never touches a substrate.

import type { z } from 'zod'
import type { Random } from '../../gateway/ports.ts'
import type { Primitive, Symptom } from '../../topologies/primitives.ts'
import type { Topology } from '../../topologies/topology.ts'

export interface Fault<Schema extends z.ZodObject = z.ZodObject> {
  /** Registry key = file name. */
  readonly kind: string
  /** One line for people. */
  readonly description: string
  /** Label of the shaded window in charts. */
  readonly shade: string
  /** What may be written beside `fault`, `name`, `at` and `for`; strict, so that a misspelt key is found. */
  readonly parameters: Schema
  /** Pure. Throws CodedError RGT_SCENARIO_REFERENCE for a name that the topology does not have. */
  compose(parameters: z.output<Schema>, window: FaultWindow): Composition
}

export interface FaultWindow {
  topology: Topology
  random: Random
  /** Length of the block's window, microseconds. */
  forUs: number
}

export interface Composition {
  primitives: ComposedPrimitive[]
  /** Regions that the fault touches: groups nearest to one of them are watched closely. */
  affectedRegions: string[]
}

export interface ComposedPrimitive {
  /** Offset from the start of the block's window, microseconds. */
  offsetUs: number
  forUs: number
  primitive: Primitive
  symptom: Symptom
  /** Paths on which the symptom must show; empty when no client path can show it. */
  paths: Path[]
}

/** The way from a client group to the services of a region. */
export interface Path { group: string; region: string }

/** Infers the parameters' type inside a file; the registry keeps it for typed authoring. */
export function defineFault<Schema extends z.ZodObject>(fault: Fault<Schema>): Fault<Schema> {
  return fault
}

/** One primitive over the whole window: the common case. */
export function whole(window: FaultWindow, primitive: Primitive, symptom: Symptom, paths: Path[]): ComposedPrimitive[] {
  return [{ offsetUs: 0, forUs: window.forUs, primitive, symptom, paths }]
}
