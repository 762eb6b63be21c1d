// What changed between two snapshots of one gateway, and how it is put onto the one that is held. Unchanged parts
// stay the same objects on both sides.

import { compareText } from '../config/parse.ts'
import { gatewayError } from '../errors.ts'
import { snapshotFormat, type Snapshot, type SnapshotDelta } from './snapshot.ts'
import { checkSnapshot } from './validate.ts'
import { partHash, versionOf, type SnapshotContent } from './version.ts'

/** Throws RGT_SNAPSHOT_FORMAT when the two are not of one gateway. */
export function diffSnapshots(from: Snapshot, to: Snapshot): SnapshotDelta {
  if (partHash(from.gateway) !== partHash(to.gateway)) {
    throw gatewayError('RGT_SNAPSHOT_FORMAT', 'a delta joins snapshots of one gateway', {
      expected: from.gateway.name, found: to.gateway.name,
    })
  }
  return {
    format: snapshotFormat,
    base: from.revision,
    revision: to.revision,
    version: to.version,
    routes: diffSorted(from.routes, to.routes, (route) => route.id),
    services: diffSorted(from.services, to.services, (service) => service.name),
    regions: sameLists(from.regions, to.regions) ? null : to.regions,
    health: same(from.health, to.health) ? null : to.health,
  }
}

/**
 * The snapshot after the delta; the one given stays as it is. Throws RGT_SNAPSHOT_GAP on another base revision and
 * RGT_SNAPSHOT_FORMAT when the result is not the version that the sender has: ask for the whole then.
 */
export function applyDelta(snapshot: Snapshot, delta: SnapshotDelta): Snapshot {
  if (delta.base !== snapshot.revision) {
    throw gatewayError('RGT_SNAPSHOT_GAP', 'the delta follows another revision', {
      expected: `base ${snapshot.revision}`, found: `base ${delta.base}`, hint: 'ask for a full snapshot',
    })
  }
  const content: SnapshotContent = {
    format: snapshot.format,
    gateway: snapshot.gateway,
    regions: delta.regions ?? snapshot.regions,
    routes: patchSorted(snapshot.routes, delta.routes, (route) => route.id),
    services: patchSorted(snapshot.services, delta.services, (service) => service.name),
    health: delta.health ?? snapshot.health,
  }
  const version = versionOf(content)
  if (version !== delta.version) {
    throw gatewayError('RGT_SNAPSHOT_FORMAT', 'the delta does not lead to the version it names', {
      expected: delta.version, found: version, hint: 'ask for a full snapshot',
    })
  }
  return checkSnapshot({ ...content, revision: delta.revision, version })
}

function same(a: object, b: object): boolean {
  return a === b || partHash(a) === partHash(b)
}

function sameLists(a: readonly object[], b: readonly object[]): boolean {
  return a === b || (a.length === b.length && a.every((item, index) => same(item, b[index])))
}

/** Both lists are sorted by key: one walk finds what to put and what to remove. */
function diffSorted<T extends object>(from: readonly T[], to: readonly T[], keyOf: (item: T) => string): { put: T[]; remove: string[] } {
  if (from === to) return { put: [], remove: [] }
  const put: T[] = []
  const remove: string[] = []
  let old = 0
  for (const item of to) {
    const key = keyOf(item)
    while (old < from.length && from[old] !== item && compareText(keyOf(from[old]), key) < 0) remove.push(keyOf(from[old++]))
    const twin = from[old]
    if (twin !== item && (twin === undefined || keyOf(twin) !== key || !same(twin, item))) put.push(item)
    if (twin !== undefined && keyOf(twin) === key) old++
  }
  for (; old < from.length; old++) remove.push(keyOf(from[old]))
  return { put, remove }
}

function patchSorted<T extends object>(
  items: readonly T[], change: { put: readonly T[]; remove: readonly string[] }, keyOf: (item: T) => string,
): T[] {
  const gone = new Set([...change.remove, ...change.put.map(keyOf)])
  const kept = gone.size === 0 ? [...items] : items.filter((item) => !gone.has(keyOf(item)))
  if (change.put.length === 0) return kept
  // Merge: both parts are sorted, and the larger one is not sorted again.
  const put = [...change.put].sort((a, b) => compareText(keyOf(a), keyOf(b)))
  const merged: T[] = []
  let next = 0
  for (const item of kept) {
    while (next < put.length && compareText(keyOf(put[next]), keyOf(item)) < 0) merged.push(put[next++])
    merged.push(item)
  }
  while (next < put.length) merged.push(put[next++])
  return merged
}
