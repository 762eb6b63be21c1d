// Manifests that others publish: found at an explicit path or in the cache, or fetched once. The cache holds them
// parsed, because reading a megabyte of YAML takes longer than a cluster waits for.

import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { CodedError } from '../../../gateway/errors.ts'
import { topologyError } from '../../errors.ts'
import type { ToolPolicy } from '../../substrate.ts'
import { failedLately, forgetFailure, noteFailure } from '../failures.ts'
import { defaultPlaces, type InstallOptions, type InstallPlaces } from '../index.ts'
import { lock } from '../lock.ts'
import type { Bundle, Manifest } from './bundle.ts'
import { gatewayApi } from './gateway-api.ts'
import { k6Operator } from './k6-operator.ts'
import { mcsApi } from './mcs-api.ts'
import { ways, type ModuleJob } from './module.ts'

export type { Bundle, Manifest } from './bundle.ts'

export const bundles = { 'gateway-api': gatewayApi, 'mcs-api': mcsApi, 'k6-operator': k6Operator } as const satisfies Record<string, Bundle>

export type BundleName = keyof typeof bundles

export interface FoundBundle {
  manifests: Manifest[]
  /** The pinned one; `unknown` of an explicit path. */
  version: string
  origin: 'explicit' | 'cache'
}

/** Why there is none; `error` is what to throw where nothing stands in. */
export interface BundleMissing { reason: string; error: CodedError }

export interface BundlePlaces extends InstallPlaces {
  /** A Go module proxy, for machines without a Go toolchain; null = none is named. */
  moduleOrigin: string | null
}

export interface FindBundleOptions extends InstallOptions { places?: BundlePlaces }

export const defaultBundlePlaces = (): BundlePlaces => ({ ...defaultPlaces(), moduleOrigin: null })

/**
 * A wrong explicit path is not passed over, as with tools. @throws the signal's reason when aborted; errors of the
 * file system.
 */
export async function findBundle(
  name: BundleName, policy: Pick<ToolPolicy, 'allowInstall'> & Partial<ToolPolicy>, { places = defaultBundlePlaces(), signal, progress = () => {} }: FindBundleOptions = {},
): Promise<FoundBundle | BundleMissing> {
  const bundle: Bundle = bundles[name]
  const explicit = policy.explicit?.[name]
  if (explicit !== undefined) {
    try {
      return { manifests: wanted(bundle, await readManifests(explicit)), version: 'unknown', origin: 'explicit' }
    } catch (error) {
      return missing(bundle, [`explicit: ${(error as Error).message}`])
    }
  }
  const cached = await fromCache(bundle, places)
  if (cached !== null) return cached
  const reasons = ['cache: not there']
  if (!policy.allowInstall) return missing(bundle, [...reasons, 'installing is switched off'])
  const folder = join(places.cacheDir, name)
  const refused = await failedLately(folder)
  if (refused !== null) return missing(bundle, [...reasons, refused])
  await mkdir(folder, { recursive: true })
  const unlock = await lock(join(folder, '.lock'), signal, (pid) => progress(`waiting for process ${pid}, which is fetching it`))
  try {
    const meanwhile = await fromCache(bundle, places)
    if (meanwhile !== null) return meanwhile
    const why = await fetchInto(folder, bundle, { ...places, signal, progress })
    if (why === null) return (await fromCache(bundle, places))!
    await noteFailure(folder, why.join('; '))
    return missing(bundle, [...reasons, ...why])
  } finally {
    await unlock()
  }
}

const cacheFile = ({ name, version }: Bundle, { cacheDir }: InstallPlaces): string => join(cacheDir, name, version, 'manifests.json')

async function fromCache(bundle: Bundle, places: InstallPlaces): Promise<FoundBundle | null> {
  const text = await readFile(cacheFile(bundle, places), 'utf8').catch(() => null)
  return text === null ? null : { manifests: JSON.parse(text) as Manifest[], version: bundle.version, origin: 'cache' }
}

/** null when it is there; otherwise why each way is closed. Called under the lock. */
async function fetchInto(folder: string, bundle: Bundle, job: Omit<ModuleJob, 'scratch'>): Promise<string[] | null> {
  const reasons: string[] = []
  for (const { name, take } of ways) {
    const scratch = join(folder, `.scratch-${name}`)
    await rm(scratch, { recursive: true, force: true })
    await mkdir(scratch)
    try {
      job.progress(`${bundle.name} ${bundle.version}: trying ${name}`)
      const files = await take(bundle, { ...job, scratch })
      const manifests = wanted(bundle, [...files].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([file, text]) => parse(text, file)))
      const ready = join(scratch, 'ready')
      await mkdir(ready)
      await writeFile(join(ready, 'manifests.json'), JSON.stringify(manifests))
      await writeFile(join(ready, 'origin.json'), `${JSON.stringify({ bundle: bundle.name, version: bundle.version, sum: bundle.sum, route: name })}\n`)
      await rm(join(folder, bundle.version), { recursive: true, force: true })
      await rename(ready, join(folder, bundle.version))
      await forgetFailure(folder)
      return null
    } catch (error) {
      job.signal?.throwIfAborted()
      reasons.push(`${name}: ${(error as Error).message}`)
      job.progress(`${name} did not work: ${(error as Error).message}`)
    } finally {
      await rm(scratch, { recursive: true, force: true })
    }
  }
  return reasons
}

/** Of a file, or of every YAML and JSON file of a folder. */
async function readManifests(path: string): Promise<Manifest[]> {
  if (!(await stat(path)).isDirectory()) return parse(await readFile(path, 'utf8'), path)
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort()
  return (await Promise.all(names.map(async (name) => parse(await readFile(join(path, name), 'utf8'), name)))).flat()
}

function parse(text: string, file: string): Manifest[] {
  const documents = parseAllDocuments(text, { logLevel: 'silent' })
  const found = Array.isArray(documents) ? documents : []
  const broken = found.flatMap(({ errors }) => errors)[0]
  if (broken !== undefined) throw new Error(`${file} is no YAML: ${broken.message.split('\n')[0]}`)
  return found.map((document) => document.toJS() as Manifest | null).filter((value) => value !== null)
}

function wanted({ name, kinds }: Bundle, manifests: Manifest[]): Manifest[] {
  const found = manifests.filter(({ kind }) => kinds.includes(kind))
  if (found.length === 0) throw new Error(`no ${kinds.join(' or ')} of ${name} is in it`)
  return found
}

function missing(bundle: Bundle, reasons: string[]): BundleMissing {
  const reason = reasons.join('; ')
  return { reason, error: topologyError('RGT_TOOL_MISSING', `the manifests of ${bundle.name} ${bundle.version} are missing`, { found: reason, hint: bundle.hint }) }
}
