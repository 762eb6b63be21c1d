// What an image is made of: bundled programs with the chunks that they import, and at times a binary. Its tag is a hash
// of all that, base included, so that what was built once is never built again, and what changed always is.

import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

export interface ImageContext {
  dockerfile: string
  /** Name below `programs` → content. */
  files: ReadonlyMap<string, { content: Uint8Array; mode: number }>
}

/** `programs`: paths of bundles; `binaries`: paths of executables. */
export async function readContext(dockerfile: string, programs: readonly string[], binaries: readonly string[] = []): Promise<ImageContext> {
  const files = new Map<string, { content: Uint8Array; mode: number }>()
  const take = async (path: string): Promise<void> => {
    if (files.has(basename(path))) return
    const content = await readFile(path)
    files.set(basename(path), { content, mode: 0o644 })
    for (const chunk of importsOf(content.toString())) if (existsSync(join(dirname(path), chunk))) await take(join(dirname(path), chunk))
  }
  for (const path of programs) await take(path)
  for (const path of binaries) files.set(basename(path), { content: await readFile(path), mode: 0o755 })
  return { dockerfile: await readFile(dockerfile, 'utf8'), files }
}

/** Files beside a bundle that it imports, at once or later. */
function importsOf(source: string): string[] {
  return [...new Set([...source.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*["']\.\/([\w.-]+\.mjs)["']/g)].map(([, name]) => name))]
}

/** `regatta/gateway:0123456789ab` */
export function tagOf(name: string, baseId: string, { dockerfile, files }: ImageContext): string {
  const hash = createHash('sha256').update(`${baseId}\n${dockerfile}`)
  for (const [file, { content, mode }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(`\n${file} ${mode} ${content.length}\n`).update(content)
  return `regatta/${name}:${hash.digest('hex').slice(0, 12)}`
}

/** Lays it out as a folder that `docker build` takes. */
export async function writeContext(folder: string, { dockerfile, files }: ImageContext): Promise<void> {
  await mkdir(join(folder, 'programs'), { recursive: true })
  await writeFile(join(folder, 'Dockerfile'), dockerfile)
  for (const [file, { content, mode }] of files) {
    await writeFile(join(folder, 'programs', file), content)
    // The mode given to writeFile passes through the umask, and the image is another user's.
    await chmod(join(folder, 'programs', file), mode)
  }
}
