// What is done to the pods of one part of a region, and where clients must see it.

import type { Primitive, Symptom } from '../../topologies/primitives.ts'
import type { RegionPart } from '../../topologies/topology.ts'
import { whole, type Composition, type FaultWindow } from './fault.ts'
import { knownRegion, pathsInto } from './paths.ts'

export function onPods(window: FaultWindow, kind: 'kill' | 'evict' | 'unready', { region, part }: { region: string; part: RegionPart }, symptom: Symptom): Composition {
  knownRegion(window.topology, region)
  const primitive: Primitive = { kind, at: [{ region, parts: [part] }] }
  // A control plane serves no clients: nothing of it shows on their paths.
  const paths = part === 'control-plane' ? [] : pathsInto(window.topology, region)
  return { primitives: whole(window, primitive, symptom, paths), affectedRegions: [region] }
}
