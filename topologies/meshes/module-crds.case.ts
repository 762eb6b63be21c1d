// CustomResourceDefinitions as a project publishes them in its Go module, so that plans are held against the real ones. Go's
// own client fetches them, and checks them by its checksum database.

import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { validatorOf } from '../substrates/kind/crds/openapi.case.ts'
import type { MeshObject } from './kubernetes-objects.ts'

interface Crd { spec: { group: string; names: { kind: string }; versions: { name: string }[] } }

/** Problems of an object, none when its CRD takes it; an object of another group is not looked at (null). */
export type Check = (object: MeshObject) => string[] | null

export interface ModuleCrds { module: string; version: string; files: string[] }

/** The check, or why there is none. */
export function moduleCrds({ module, version, files }: ModuleCrds): Check | string {
  const download = spawnSync('go', ['mod', 'download', '-json', `${module}@${version}`], { cwd: tmpdir(), encoding: 'utf8', timeout: 60_000 })
  if (download.error !== undefined) return `go cannot be run: ${download.error.message}`
  const { Dir, Error: refusal } = JSON.parse(download.stdout || '{}') as { Dir?: string; Error?: string }
  if (Dir === undefined) return `${module}@${version} is not to be had: ${refusal ?? download.stderr.trim()}`
  return checkOf(files.flatMap((file) => parseAllDocuments(untemplated(readFileSync(join(Dir, file), 'utf8'))).map((document) => document.toJS() as Crd)))
}

/** A chart's template of a definition has labels and annotations filled in, each on a line of its own, and nothing else. */
function untemplated(text: string): string {
  return text.split('\n').filter((line) => !line.includes('{{')).join('\n')
}

/** `crds` in wire form. */
export function checkOf(crds: readonly (Crd | null)[]): Check {
  const known = new Map(crds.filter((crd) => crd !== null).map((crd) => [`${crd.spec.group} ${crd.spec.names.kind}`, crd]))
  const groups = new Set([...known.values()].map(({ spec }) => spec.group))
  const validators = new Map<string, (document: unknown) => string[]>()
  return (object) => {
    const [group, version] = object.apiVersion.split('/')
    if (!groups.has(group)) return null
    const crd = known.get(`${group} ${object.kind}`)
    if (crd === undefined || !crd.spec.versions.some(({ name }) => name === version)) return [`there is no ${object.kind} in ${object.apiVersion}`]
    const key = `${object.kind} ${object.apiVersion}`
    if (!validators.has(key)) validators.set(key, validatorOf(crd, version))
    const { apiVersion: _, kind: _kind, ...rest } = object
    // What names the kind is the API server's own matter, and not every schema lists it.
    return validators.get(key)!(rest)
  }
}
