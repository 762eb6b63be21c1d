// The two ways to the files of a Go module: the machine's Go toolchain, which goes where the machine is configured
// to go, and a module proxy that somebody named, for machines without one. Either way the module's checksum must be the one
// that the bundle names.

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../command.ts'
import { inPath } from '../probe.ts'
import { dispatcherFor, download, get } from '../routes/release.ts'
import type { Bundle } from './bundle.ts'
import { readZip } from './zip.ts'

export interface ModuleJob {
  /** An empty folder of this attempt alone. */
  scratch: string
  /** PATH in which `go` is looked up. */
  path: string
  /** A Go module proxy; null = none is named. */
  moduleOrigin: string | null
  answerWithinMs: number
  signal?: AbortSignal
  progress(text: string): void
}

/** File name → text of the bundle's folder. Rejects with a message that says why this way is closed. */
export type TakeModule = (bundle: Bundle, job: ModuleJob) => Promise<Map<string, string>>

/** A machine without network answers slowly; modules of manifests are a few megabytes. */
const downloadWithinMs = 60_000

const takeByGo: TakeModule = async ({ module, version, sum, folder }, { scratch, path, signal }) => {
  const [go] = inPath('go', path)
  if (go === undefined) throw new Error('go is not in PATH')
  const { output } = await runCommand(go, ['mod', 'download', '-json', `${module}@${version}`], { timeoutMs: downloadWithinMs, signal, cwd: scratch, path })
  const told = JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1)) as { Dir: string; Sum: string }
  mustBe(sum, told.Sum, module)
  const from = join(told.Dir, folder)
  const names = (await readdir(from, { withFileTypes: true })).filter((entry) => entry.isFile() && isManifest(entry.name)).map(({ name }) => name)
  return new Map(await Promise.all(names.map(async (name): Promise<[string, string]> => [name, await readFile(join(from, name), 'utf8')])))
}

const takeFromProxy: TakeModule = async ({ module, version, sum, folder }, job) => {
  if (job.moduleOrigin === null) throw new Error('no module proxy is named: set GOPROXY')
  const file = `${version}.zip`
  const url = `${job.moduleOrigin}/${escaped(module)}/@v/${escaped(file)}`
  const dispatcher = dispatcherFor(url, job.answerWithinMs)
  const archive = join(job.scratch, file)
  try {
    await download(await get(url, dispatcher, job), archive, `${module} ${version}`, job)
  } finally {
    await dispatcher.destroy()
  }
  const files = readZip(await readFile(archive))
  mustBe(sum, moduleSum(files), module)
  const prefix = `${module}@${version}/${folder}/`
  const wanted = [...files].filter(([name]) => name.startsWith(prefix) && !name.slice(prefix.length).includes('/') && isManifest(name))
  return new Map(wanted.map(([name, content]) => [name.slice(prefix.length), content.toString('utf8')]))
}

/** Tried in this order. */
export const ways: { name: string; take: TakeModule }[] = [{ name: 'go', take: takeByGo }, { name: 'proxy', take: takeFromProxy }]

const isManifest = (name: string): boolean => /\.ya?ml$/.test(name) && !name.endsWith('kustomization.yaml')

function mustBe(wanted: string, found: string, module: string): void {
  if (found !== wanted) throw new Error(`checksum of ${module} is ${found}, expected ${wanted}: refused`)
}

/** Case-insensitive file systems: capitals as `!` and the small letter (golang.org/ref/mod#goproxy-protocol). */
function escaped(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => `!${letter.toLowerCase()}`)
}

/** golang.org/x/mod/sumdb/dirhash, Hash1: SHA-256 over the sorted lines `hash  path`. */
export function moduleSum(files: ReadonlyMap<string, Buffer>): string {
  const lines = [...files.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => `${createHash('sha256').update(files.get(name)!).digest('hex')}  ${name}\n`)
  return `h1:${createHash('sha256').update(lines.join('')).digest('base64')}`
}
