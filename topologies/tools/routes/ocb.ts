// A collector put together by OpenTelemetry's own builder (`ocb`) from the components that are wanted and no more, compiled by the
// machine's Go toolchain. https://opentelemetry.io/docs/collector/extend/ocb

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from '../command.ts'
import { inPath } from '../probe.ts'
import type { TakeRoute } from './route.ts'

const builder = 'go.opentelemetry.io/collector/cmd/builder'
const lookUpWithinMs = 15_000
/** On two cores four minutes the first time. */
const buildWithinMs = 15 * 60_000

export const takeOcb: TakeRoute<'ocb'> = async ({ version, components }, { scratch, path, signal, tool, progress }) => {
  const [go] = inPath('go', path)
  if (go === undefined) throw new Error('go is not in PATH')
  const wanted = `${builder}@v${version}`
  const options = { signal, cwd: scratch, path }
  await runCommand(go, ['list', '-m', wanted], { ...options, timeoutMs: lookUpWithinMs })
  progress(`building ${wanted}`)
  await runCommand(go, ['install', wanted], { ...options, timeoutMs: buildWithinMs, variables: { GOBIN: scratch } })
  const manifest = {
    dist: { name: tool.binary, description: tool.purpose, version, output_path: join(scratch, 'dist') },
    ...Object.fromEntries(Object.entries(components).map(([kind, modules]) => [kind, modules.map((module) => ({ gomod: `go.opentelemetry.io/collector/${module} v${version}` }))])),
  }
  // JSON is YAML.
  await writeFile(join(scratch, 'manifest.json'), JSON.stringify(manifest))
  progress(`building ${tool.name} ${version}: a few minutes the first time`)
  await runCommand(join(scratch, 'builder'), ['--config', join(scratch, 'manifest.json')], {
    ...options, timeoutMs: buildWithinMs, variables: { GOWORK: 'off' }, onLine: (line) => progress(line.split('\t').slice(-2).join(' ')),
  })
  return join(scratch, 'dist', tool.binary)
}
