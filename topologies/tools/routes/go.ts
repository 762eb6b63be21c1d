// Built by the machine's Go toolchain. Where its modules come from is the machine's own configuration. `go install`
// refuses a main module whose go.mod excludes or replaces others: such a one is built from a go.mod of ours, or in its own source.

import { cp, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand, type CommandOptions, type CommandResult } from '../command.ts'
import { inPath } from '../probe.ts'
import type { ModuleVersion, Route } from '../tool.ts'
import type { Job, TakeRoute } from './route.ts'

/** Whether the module can be had at all is asked first: a machine without network answers slowly. */
const lookUpWithinMs = 15_000
/** On two cores k6 takes one to three minutes, Consul three to five. */
const buildWithinMs = 15 * 60_000

type GoRoute = Extract<Route, { kind: 'go' }>
type Options = Pick<CommandOptions, 'timeoutMs' | 'variables' | 'onLine' | 'cwd'>
type Go = (args: string[], options: Options) => Promise<CommandResult>

export const takeGo: TakeRoute<'go'> = async (route, job) => {
  const { scratch, path, signal } = job
  const [program] = inPath('go', path)
  if (program === undefined) throw new Error('go is not in PATH')
  const go: Go = (args, options) => runCommand(program, args, { cwd: scratch, ...options, signal, path })
  if (route.source !== undefined) return buildInSource(route, route.source, go, job)
  return route.exclude === undefined ? await install(route, go, job) : await build(route, route.exclude, go, job)
}

async function install(route: GoRoute, go: Go, { scratch, progress }: Job): Promise<string> {
  await go(['list', '-m', `${route.module}@${route.version}`], { timeoutMs: lookUpWithinMs })
  const target = `${route.package}@${route.version}`
  progress(`building ${target}: a few minutes the first time`)
  await go(['install', target], {
    timeoutMs: buildWithinMs, variables: { GOBIN: scratch }, onLine: everyTenthModule(progress),
  })
  const made = await readdir(scratch)
  if (made.length !== 1) throw new Error(`go install made ${made.length} files instead of one`)
  return join(scratch, made[0])
}

async function build(route: GoRoute, exclude: ModuleVersion[], go: Go, job: Job): Promise<string> {
  const { scratch, tool, progress } = job
  const wanted = `${route.module}@${route.version}`
  // The language version decides how Go reads the graph of modules, so ours is that of the module.
  const { stdout } = await go(['list', '-m', '-f', '{{.GoVersion}}', wanted], { timeoutMs: lookUpWithinMs })
  await writeFile(join(scratch, 'go.mod'), [
    'module regatta.dev/build',
    `go ${stdout.trim()}`,
    `require ${route.module} ${route.version}`,
    ...exclude.map(({ module, version }) => `exclude ${module} ${version}`),
    '',
  ].join('\n'))
  progress(`building ${route.package}@${route.version}: a few minutes the first time`)
  const binary = join(scratch, tool.binary)
  // `-mod=mod` lets Go add what it resolves, each sum checked; a workspace around the cache must not join in.
  await go(['build', '-mod=mod', '-o', binary, route.package], {
    timeoutMs: buildWithinMs, variables: { GOWORK: 'off' }, onLine: everyTenthModule(progress),
  })
  return binary
}

async function buildInSource(route: GoRoute, flags: string[], go: Go, { scratch, tool, progress, path, signal }: Job): Promise<string> {
  const { stdout } = await go(['mod', 'download', '-json', `${route.module}@${route.version}`], { timeoutMs: buildWithinMs })
  const source = join(scratch, 'source')
  await cp((JSON.parse(stdout) as { Dir: string }).Dir, source, { recursive: true })
  // Go's cache is read-only, and so would its copy be: nobody could remove it.
  await runCommand('chmod', ['-R', 'u+w', source], { timeoutMs: lookUpWithinMs, path, signal })
  progress(`building ${route.package}@${route.version} from its source: up to ten minutes the first time`)
  const binary = join(scratch, tool.binary)
  await go(['build', ...flags, '-o', binary, route.package], {
    timeoutMs: buildWithinMs, variables: { GOWORK: 'off' }, cwd: source, onLine: everyTenthModule(progress),
  })
  return binary
}

/** Go tells each of the hundreds of modules that it downloads. */
function everyTenthModule(progress: Job['progress']): (line: string) => void {
  let modules = 0
  return (line) => {
    if (!line.startsWith('go: downloading')) progress(line)
    else if (++modules % 10 === 1) progress(`${line} (module ${modules})`)
  }
}
