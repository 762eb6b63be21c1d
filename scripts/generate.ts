// Writes what is derived and committed: the JSON Schemas and CRDs, the reference of error codes, the table of substrates. `generate.test.ts`
// fails when somebody changed the source and forgot this.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { crdFiles } from '../topologies/substrates/kind/crds/policies.ts'
import { projectRoot } from './environment.ts'
import { errorReference } from './error-reference.ts'
import { substrateReference } from './substrate-reference.ts'
import { schemaFiles } from './schemas.ts'

/** Path below the project's root → text. */
export function generatedFiles(): Record<string, string> {
  const schemas = Object.entries({ ...schemaFiles(), ...crdFiles() }).map(([name, text]) => [`schemas/${name}`, text])
  return { ...Object.fromEntries(schemas), 'docs/errors.md': errorReference(), 'docs/substrates.md': substrateReference() }
}

/** What lies below `schemas/` now. */
export function committedSchemas(): string[] {
  return readdirSync(join(projectRoot, 'schemas'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile()).map((entry) => relative(projectRoot, join(entry.parentPath, entry.name)))
}

if (import.meta.main) {
  const files = generatedFiles()
  mkdirSync(join(projectRoot, 'schemas'), { recursive: true })
  for (const path of committedSchemas()) {
    if (files[path] === undefined) rmSync(join(projectRoot, path))
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(projectRoot, path)), { recursive: true })
    writeFileSync(join(projectRoot, path), text)
    process.stdout.write(`${path}\n`)
  }
}
