// One compiler for all control planes of a simulated federation. They are given the same documents, so what one of
// them has validated or compiled is what all of them would: it is done once, and kept once.

import { planeCompiler } from '../../../gateway/controlplane/compiler.ts'
import type { Documents } from '../../../gateway/controlplane/documents.ts'
import type { PlaneCompiler, PreparedConfig } from '../../../gateway/controlplane/plane.ts'
import type { ConfigChange, ConfigDocument, Discovery } from '../../../gateway/controlplane/protocol.ts'
import type { Snapshot } from '../../../gateway/snapshot/snapshot.ts'

/** What came of it: planes that ask again are refused alike. */
type Outcome = { prepared: PreparedConfig } | { error: unknown }

/** Configurations kept whole, so that a plane which comes back with an older one finds it. */
const kept = 4

export function sharedCompiler(discovery: Discovery): PlaneCompiler {
  const compiler = planeCompiler(discovery)
  const recent: { documents: ConfigDocument[]; outcome: Outcome }[] = []

  function once(documents: Documents, make: () => PreparedConfig): Outcome {
    const items = [...documents.values()]
    const known = recent.find((one) => sameItems(one.documents, items))
    if (known !== undefined) return known.outcome
    const outcome = outcomeOf(() => shared(make()))
    recent.push({ documents: items, outcome })
    if (recent.length > kept) recent.shift()
    return outcome
  }

  function shared(own: PreparedConfig): PreparedConfig {
    const snapshots = new Map<string, Snapshot>()
    // Changes are told apart by identity, and forgotten with them.
    const changes = new WeakMap<ConfigChange, Outcome>()
    return {
      compile(gateway, revision) {
        const key = `${gateway.role} ${gateway.name} ${gateway.region}`
        let snapshot = snapshots.get(key)
        if (snapshot?.revision !== revision) snapshots.set(key, (snapshot = own.compile(gateway, revision)))
        return snapshot
      },
      change(change, next) {
        let outcome = changes.get(change)
        if (outcome === undefined) changes.set(change, (outcome = once(next, () => own.change(change, next))))
        return preparedOf(outcome)
      },
      // What one plane alone has found out is its own.
      within: (found) => own.within(found),
    }
  }

  return {
    discovery,
    prepare: (documents, found = discovery) =>
      (found === discovery ? preparedOf(once(documents, () => compiler.prepare(documents))) : compiler.prepare(documents, found)),
    diff: compiler.diff,
  }
}

function outcomeOf(make: () => PreparedConfig): Outcome {
  try {
    return { prepared: make() }
  } catch (error) {
    return { error }
  }
}

function preparedOf(outcome: Outcome): PreparedConfig {
  if ('error' in outcome) throw outcome.error
  return outcome.prepared
}

/** By identity: documents that did not change keep it. */
function sameItems(a: readonly ConfigDocument[], b: readonly ConfigDocument[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}
