// Writes what is derived and committed: the JSON Schemas, the reference of error codes, the table of substrates. `generate.test.ts`
// fails when somebody changed the source and forgot this.

import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { projectRoot } from './environment.ts'
import { errorReference } from './error-reference.ts'
import { substrateReference } from './substrate-reference.ts'
import { schemaFiles } from './schemas.ts'

/** Path below the project's root → text. */
export function generatedFiles(): Record<string, string> {
  const schemas = Object.entries(schemaFiles()).map(([name, text]) => [`schemas/${name}`, text])
  return { ...Object.fromEntries(schemas), 'docs/errors.md': errorReference(), 'docs/substrates.md': substrateReference() }
}

if (import.meta.main) {
  const files = generatedFiles()
  mkdirSync(join(projectRoot, 'schemas'), { recursive: true })
  for (const name of readdirSync(join(projectRoot, 'schemas'))) {
    if (files[`schemas/${name}`] === undefined) rmSync(join(projectRoot, 'schemas', name))
  }
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(projectRoot, path)), { recursive: true })
    writeFileSync(join(projectRoot, path), text)
    process.stdout.write(`${path}\n`)
  }
}
