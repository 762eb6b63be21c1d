// Child processes run from bundles: one file each starts in a fraction of the time that stripping types from
// dozens takes, and twelve processes start together. Bundles are made again when a source is newer.

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'esbuild'
import { topologyError } from '../../errors.ts'

export const projectRoot = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))

/** Program name → entry point. The name is what the process list shows. */
const programs = {
  gateway: 'gateway/dataplane/main.ts',
  // A thread of the gateway, which looks for it beside itself by this name (gateway/telemetry/export/worker-address.ts).
  'span-exporter': 'gateway/telemetry/export/worker.ts',
  'control-plane': 'gateway/controlplane/main.ts',
  services: 'topologies/substrates/sockets/services/main.ts',
  generator: 'topologies/substrates/sockets/generator/main.ts',
  'fault-proxy': 'topologies/substrates/sockets/faultproxy/embedded/main.ts',
  collector: 'topologies/substrates/sockets/collector/main.ts',
} as const

export type Program = keyof typeof programs

/** What these import only when they need it lies beside them as `part-…`: three megabytes of Kubernetes client, or OpenTelemetry. */
const split: ReadonlySet<string> = new Set<Program>(['control-plane', 'span-exporter', 'services'])

/**
 * Makes the bundles if any source changed; returns the path of each. Safe beside another run doing the same.
 * `inUse` are folders of bundles that must stay, because a run may still start processes from them.
 * Throws RGT_SUBSTRATE_START when a source cannot be bundled.
 */
export async function bundlePrograms(root = projectRoot, inUse: readonly string[] = []): Promise<Record<Program, string>> {
  const stamp = sourceStamp(root)
  const folder = join(root, '.build', stamp)
  const paths = Object.fromEntries(Object.keys(programs).map((name) => [name, join(folder, `${name}.mjs`)])) as Record<Program, string>
  if (existsSync(join(folder, 'complete'))) return paths
  const scratch = `${folder}.${process.pid}.${builds++}`
  try {
    await build(root, scratch)
    moveInto(scratch, folder)
    removeOlder(join(root, '.build'), [...inUse, folder])
  } catch (cause) {
    rmSync(scratch, { recursive: true, force: true })
    throw topologyError('RGT_SUBSTRATE_START', 'the programs of the local substrate could not be bundled', { found: String(cause), cause })
  }
  return paths
}

/** Two starts in one process build into folders of their own. */
let builds = 0

async function build(root: string, folder: string): Promise<void> {
  const esbuild = await import('esbuild')
  const make = (entries: [string, string][], splitting: boolean): Promise<unknown> => esbuild.build({
    entryPoints: entries.map(([out, entry]) => ({ out, in: join(root, entry) })),
    outdir: folder, outExtension: { '.js': '.mjs' }, absWorkingDir: root, splitting, chunkNames: 'part-[name]-[hash]',
    bundle: true, platform: 'node', format: 'esm', target: 'node24', sourcemap: 'linked', logLevel: 'silent',
    // OpenTelemetry's gRPC exporter hides what it needs from bundlers in its ES modules, and not in its CommonJS.
    conditions: ['require'],
    plugins: [lazyBuiltins],
    // Some dependencies are CommonJS and call require for built-in modules.
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  })
  const isSplit = ([name]: [string, string]): boolean => split.has(name)
  const all = Object.entries(programs)
  await Promise.all([make(all.filter((one) => !isSplit(one)), false), make(all.filter(isSplit), true)])
  writeFileSync(join(folder, 'complete'), '')
}

/**
 * Takes Node's own modules as objects instead of importing them: an import of `node:http` reads every export at
 * once, among them lazy ones that load a whole fetch and WebSocket client, which costs each process some 40 ms.
 */
const lazyBuiltins: Plugin = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: 'builtin' }))
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({ contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})` }))
  },
}

/** Whoever is first wins: what others may be starting from already is never replaced. */
function moveInto(scratch: string, folder: string): void {
  try {
    renameSync(scratch, folder)
  } catch (error) {
    if (!existsSync(join(folder, 'complete'))) throw error
    rmSync(scratch, { recursive: true, force: true })
  }
}

/** Names the state of the sources by path, size and time of change. */
function sourceStamp(root: string): string {
  const hash = createHash('sha256')
  hash.update(readFileSync(join(root, 'package-lock.json')))
  for (const room of ['gateway', 'topologies']) {
    for (const entry of readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).sort()) {
      if (!entry.endsWith('.ts') || /\.(test|case)\.ts$/.test(entry)) continue
      const { size, mtimeMs } = statSync(join(root, room, entry))
      hash.update(`${room}/${entry}:${size}:${mtimeMs}\n`)
    }
  }
  return hash.digest('hex').slice(0, 16)
}

/** Keeps the two newest besides those given, because another run may be about to start from them. */
function removeOlder(parent: string, keep: readonly string[]): void {
  const others = readdirSync(parent, { withFileTypes: true })
    .map((entry) => ({ path: join(parent, entry.name), isBundle: entry.isDirectory() && /^[0-9a-f]{16}$/.test(entry.name) }))
    .filter(({ path, isBundle }) => isBundle && !keep.includes(path))
    .map(({ path }) => ({ path, at: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.at - a.at)
  for (const { path } of others.slice(2)) rmSync(path, { recursive: true, force: true })
}
