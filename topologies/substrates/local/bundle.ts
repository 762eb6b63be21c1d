// Child processes run from bundles: one file each starts in a fraction of the time that stripping types from
// dozens takes, and twelve processes start together. Bundles are made again when a source is newer.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { topologyError } from '../../errors.ts'

export const projectRoot = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** Program name → entry point. The name is what the process list shows. */
const programs = {
  gateway: 'gateway/dataplane/main.ts',
  'control-plane': 'gateway/controlplane/main.ts',
  services: 'topologies/substrates/local/services/main.ts',
  generator: 'topologies/substrates/local/generator/main.ts',
  'fault-proxy': 'topologies/substrates/local/faultproxy/embedded/main.ts',
} as const

export type Program = keyof typeof programs

/** Makes the bundles if any source changed; returns the path of each. Safe beside another run doing the same. */
export async function bundlePrograms(root = projectRoot): Promise<Record<Program, string>> {
  const stamp = sourceStamp(root)
  const folder = join(root, '.build', stamp)
  const paths = Object.fromEntries(Object.keys(programs).map((name) => [name, join(folder, `${name}.mjs`)])) as Record<Program, string>
  if (existsSync(join(folder, 'complete'))) return paths
  const { build } = await import('esbuild')
  const scratch = `${folder}.${process.pid}`
  try {
    await build({
      entryPoints: Object.entries(programs).map(([out, entry]) => ({ out, in: join(root, entry) })),
      outdir: scratch, outExtension: { '.js': '.mjs' },
      bundle: true, platform: 'node', format: 'esm', target: 'node24', sourcemap: 'linked', logLevel: 'silent',
      // Some dependencies are CommonJS and call require for built-in modules.
      banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
    })
    writeFileSync(join(scratch, 'complete'), '')
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(dirname(folder), { recursive: true })
    renameSync(scratch, folder)
    removeOlder(join(root, '.build'), stamp)
  } catch (cause) {
    rmSync(scratch, { recursive: true, force: true })
    if (existsSync(join(folder, 'complete'))) return paths
    throw topologyError('RGT_SUBSTRATE_START', 'the programs of the local substrate could not be bundled', { found: String(cause), cause })
  }
  return paths
}

/** Names the state of the sources by path, size and time of change. */
function sourceStamp(root: string): string {
  const hash = createHash('sha256')
  hash.update(readFileSync(join(root, 'package-lock.json')))
  for (const room of ['gateway', 'topologies']) {
    for (const entry of readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).sort()) {
      if (!entry.endsWith('.ts') || entry.endsWith('.test.ts')) continue
      const { size, mtimeMs } = statSync(join(root, room, entry))
      hash.update(`${room}/${entry}:${size}:${mtimeMs}\n`)
    }
  }
  return hash.digest('hex').slice(0, 16)
}

/** Keeps the two newest besides the current one, because another run may still be starting from them. */
function removeOlder(folder: string, current: string): void {
  const others = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && /^[0-9a-f]{16}$/.test(entry.name) && entry.name !== current)
    .map(({ name }) => ({ name, at: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => b.at - a.at)
  for (const { name } of others.slice(2)) rmSync(join(folder, name), { recursive: true, force: true })
}
