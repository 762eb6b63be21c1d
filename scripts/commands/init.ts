// `regatta init`: a folder with a scenario, a topology and gateway configuration of one's own to start from,
// with the schemas that let an editor complete them.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { nearest } from '../../gateway/config/shape.ts'
import { loadScenario, catalogScenarios } from '../../scenarios/load-scenario.ts'
import { scenarioError } from '../../scenarios/errors.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { catalogTopologies, loadTopology } from '../../topologies/load.ts'
import { commandError } from '../errors.ts'
import { writable } from '../runs.ts'
import { schemaFiles } from '../schemas.ts'
import { ending, type Command } from './command.ts'

export const initCommand: Command = {
  name: 'init',
  add(program, end) {
    program.command('init')
      .description('start a scenario, topology and gateway configuration of your own')
      .argument('[folder]', 'where', 'regatta')
      .option('--from <scenario>', 'scenario of the catalogue to copy', 'regional-outage')
      .option('--json', 'print the paths as one JSON object')
      .addHelpText('after', `
Examples:
  regatta init                              ./regatta, from the regional-outage drill
  regatta init ./drills --from steady
  regatta validate ./regatta/regional-outage.yaml && regatta run ./regatta/regional-outage.yaml --fast

Files name their JSON Schema, so that an editor with the YAML language server completes and checks them.
Nothing that exists is overwritten. Exit codes: 0 written, 3 a file is there already, or no scenario of that name.`)
      .action(ending(end, async (folder: string, { from, json }: { from: string; json?: boolean }) => {
        const files = await filesFrom(from)
        const written = writeNew(resolve(folder), files)
        const scenario = join(folder, `${from}.yaml`)
        process.stdout.write(json
          ? `${JSON.stringify({ scenario: resolve(scenario), files: written })}\n`
          : `${written.map((file) => relative(process.cwd(), file)).join('\n')}\n\nnext: regatta run ${relative(process.cwd(), resolve(scenario))} --fast\n`)
        return ExitCode.pass
      }))
  },
}

/** Path in the folder → text. Comments of the originals are kept: they explain. */
async function filesFrom(from: string): Promise<Record<string, string>> {
  const catalogue = await catalogScenarios()
  const entry = catalogue.find(({ name }) => name === from)
  if (entry === undefined) {
    const near = nearest(from, catalogue.map(({ name }) => name))
    throw scenarioError('RGT_SCENARIO_UNKNOWN', `there is no scenario \`${from}\``, {
      expected: `one of ${catalogue.map(({ name }) => name).join(', ')}`, found: from,
      ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
    })
  }
  const { topology: name } = await loadScenario(from)
  const topology = await loadTopology(name)
  const file = catalogTopologies().find((one) => one.name === name)!.file
  const place = (path: string): { path: string; to: string } => ({ path, to: `config/${basename(path)}` })
  const config = topology.gateway.config.map(place)
  // Templates follow their kind's schema only once they are filled in.
  const templates = (topology.gateway.templates ?? []).flatMap((template) => template.config).map(place)
  let topologyText = readFileSync(file, 'utf8')
  for (const { path, to } of [...config, ...templates]) topologyText = topologyText.replaceAll(relative(dirname(file), path), to)
  const topologyFile = name === from ? `${name}-topology.yaml` : `${name}.yaml`
  const scenarioText = readFileSync(entry.file, 'utf8').replace(/^(\s+topology:\s*)\S+/m, `$1./${topologyFile}`)
  return {
    [`${from}.yaml`]: withSchema('./schemas/scenario.json', scenarioText),
    [topologyFile]: withSchema('./schemas/topology.json', topologyText),
    ...Object.fromEntries(config.map(({ path, to }) => [to, withSchema('../schemas/gateway.json', readFileSync(path, 'utf8'))])),
    ...Object.fromEntries(templates.map(({ path, to }) => [to, readFileSync(path, 'utf8')])),
    ...Object.fromEntries(Object.entries(schemaFiles()).map(([schema, text]) => [`schemas/${schema}`, text])),
  }
}

/** All or nothing as far as what is there already goes; returns absolute paths. */
function writeNew(folder: string, files: Record<string, string>): string[] {
  const taken = Object.keys(files).filter((name) => existsSync(join(folder, name)))
  if (taken.length > 0) {
    throw commandError(`${folder} holds ${taken.length === 1 ? 'a file' : `${taken.length} files`} of that name already`, {
      found: taken.slice(0, 5).join(', '), hint: 'name another folder; nothing was written',
    })
  }
  return Object.entries(files).map(([name, text]) => {
    const path = join(folder, name)
    writable(path, () => {
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, text)
    })
    return path
  })
}

/** The comment by which editors with the YAML language server find the schema. */
function withSchema(schema: string, text: string): string {
  return `# yaml-language-server: $schema=${schema}\n${text.replace(/^# yaml-language-server:.*\n/m, '')}`
}
