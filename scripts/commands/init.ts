// `regatta init`: a folder with a scenario, a topology and gateway configuration of one's own to start from,
// with the schemas that let an editor complete them.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { catalogScenarios } from '../../scenarios/load-scenario.ts'
import { scenarioError } from '../../scenarios/errors.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { catalogTopologies, loadTopology } from '../../topologies/load.ts'
import { allSchemas } from '../schemas.ts'
import { commandError } from '../errors.ts'
import { ending, type Command } from './command.ts'

export const initCommand: Command = {
  name: 'init',
  add(program, end) {
    program.command('init')
      .description('start a scenario, topology and gateway configuration of your own')
      .argument('[folder]', 'where', 'regatta')
      .option('--from <scenario>', 'scenario of the catalogue to copy', 'regional-outage')
      .action(ending(end, async (folder: string, { from }: { from: string }) => init(resolve(folder), from)))
  },
}

async function init(folder: string, from: string): Promise<number> {
  const scenario = (await catalogScenarios()).find(({ name }) => name === from)
  if (scenario === undefined) {
    throw scenarioError('RGT_SCENARIO_UNKNOWN', `there is no scenario \`${from}\``, { hint: '`regatta validate` lists the catalogue' })
  }
  const text = readFileSync(scenario.file, 'utf8')
  const topologyName = /^\s+topology:\s*(\S+)/m.exec(text)?.[1] ?? 'three-regions'
  const topology = await loadTopology(topologyName)
  const topologyFile = catalogTopologies().find(({ name }) => name === topologyName)!.file
  const config = topology.gateway.config.map((file) => ({ file, to: join('config', basename(file)) }))
  let topologyText = readFileSync(topologyFile, 'utf8')
  for (const { file, to } of config) topologyText = topologyText.replace(relative(dirname(topologyFile), file), to)
  const files: Record<string, string> = {
    [`${from}.yaml`]: withSchema('scenario', text.replace(/^(\s+topology:\s*)\S+/m, `$1./${topologyName}.yaml`)),
    [`${topologyName}.yaml`]: withSchema('topology', topologyText),
    ...Object.fromEntries(config.map(({ file, to }) => [to, readFileSync(file, 'utf8')])),
    ...Object.fromEntries(Object.entries(allSchemas()).map(([name, schema]) => [`schemas/${name}.json`, `${JSON.stringify(schema, null, 2)}\n`])),
  }
  const taken = Object.keys(files).filter((name) => existsSync(join(folder, name)))
  if (taken.length > 0) {
    throw commandError(`${taken.join(', ')} exist${taken.length === 1 ? 's' : ''} in ${folder} already`, {
      hint: 'name another folder; nothing was written',
    })
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), content)
    process.stdout.write(`${relative(process.cwd(), join(folder, name))}\n`)
  }
  process.stdout.write(`\nnext: regatta run ${relative(process.cwd(), join(folder, `${from}.yaml`))} --fast\n`)
  return ExitCode.pass
}

/** The comment by which editors with the YAML language server find the schema. */
function withSchema(name: string, text: string): string {
  return `# yaml-language-server: $schema=./schemas/${name}.json\n${text.replace(/^# yaml-language-server:.*\n/m, '')}`
}
