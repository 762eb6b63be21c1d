// Where a run stands in its comparison, written into the name of its folder and read from it again:
// `round-2.none.reference`, `.again` for the control, `.repeat-1` when it was played before without room.

import { join } from 'node:path'
import type { Place } from '../../scenarios/compare/variant-run.ts'
import type { VariantKey } from '../../scenarios/compare/compare.ts'

/** Colons of meshes and gateways become hyphens: file systems differ about them. */
export function placeOf({ gateway, mesh }: VariantKey, round: number, again: boolean, repeat: number): Place {
  const name = [`round-${round}`, mesh, gateway, ...(again ? ['again'] : []), ...(repeat === 0 ? [] : [`repeat-${repeat}`])].join('.').replaceAll(/[^\w.-]/g, '-')
  return { folder: join('runs', name), round, again, repeat }
}

/** Null when no comparison wrote the name. */
export function placeFrom(name: string): Place | null {
  const match = /^round-(\d+)\.[^.]+\.[^.]+(\.again)?(?:\.repeat-(\d+))?$/.exec(name)
  return match === null ? null : { folder: join('runs', name), round: Number(match[1]), again: match[2] !== undefined, repeat: Number(match[3] ?? 0) }
}
