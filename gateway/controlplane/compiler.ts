// Joins the replication core to the configuration language: documents are federated once a change and compiled for
// each gateway. Both keep what did not change by identity, so a change of one route costs one route.

import { formatPath } from '../config/document.ts'
import { federate, type SourceDocument } from '../config/federate.ts'
import { compileSnapshot } from '../snapshot/compile.ts'
import { diffSnapshots } from '../snapshot/delta.ts'
import { documentKey } from './documents.ts'
import type { PlaneCompiler } from './plane.ts'
import type { ConfigDocument, Discovery } from './protocol.ts'

/** The compiler that a control plane works with: the configuration language over what discovery knows. */
export function planeCompiler(discovery: Discovery): PlaneCompiler {
  return {
    prepare(documents) {
      const config = federate(documents.map(sourceOf))
      return (gateway, revision) => compileSnapshot(config, { gateway, discovery }, revision)
    },
    diff: diffSnapshots,
  }
}

/** A published document stands in no file; errors name the document itself. */
function sourceOf(document: ConfigDocument): SourceDocument {
  return { value: document, file: documentKey(document), place: (path) => ({ file: documentKey(document), path: formatPath(path) }) }
}
