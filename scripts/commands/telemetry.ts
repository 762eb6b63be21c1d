// `regatta telemetry`: what AlertPolicies say, for those who watch with Prometheus and Grafana.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { dashboards } from '../../gateway/telemetry/grafana/index.ts'
import type { Matcher } from '../../gateway/telemetry/alerts/promql.ts'
import { ruleFile } from '../../gateway/telemetry/alerts/rule-file.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { alertRulesOf } from '../alert-rules.ts'
import { commandError } from '../errors.ts'
import { ending, type Command } from './command.ts'

interface Generated { job?: string; out?: string }

export const telemetryCommand: Command = {
  name: 'telemetry',
  add(program, end) {
    const telemetry = program.command('telemetry').description('make Prometheus rules and Grafana dashboards of AlertPolicies')
    telemetry.command('rules')
      .description('print AlertPolicies as a Prometheus rule file')
      .argument('<configuration...>', 'topologies and files of gateway configuration, one configuration together')
      .option('--job <name>', 'only series of this scrape job: needed where gateways are scraped beside control planes')
      .option('--out <file>', 'write it here')
      .addHelpText('after', `
Examples:
  regatta telemetry rules three-regions ./alerts.yaml --out regatta.rules.yaml
  promtool check rules regatta.rules.yaml

What Prometheus cannot say stands in the file as a comment, with the reason.
Exit codes: 0 written, 3 bad input, or there is no AlertPolicy.`)
      .action(ending(end, async (names: string[], { job, out }: Generated) => {
        const policies = await alertRulesOf(names)
        if (policies.length === 0) {
          throw commandError('there is no AlertPolicy', { found: names.join(', '), hint: 'name its file too; docs/alerts.md has one' }, 'RGT_COMMAND_FILE')
        }
        const text = ruleFile(policies, sourceOf(job))
        if (out === undefined) process.stdout.write(text)
        else process.stdout.write(`${write(out, text)}\n`)
        return ExitCode.pass
      }))
    telemetry.command('dashboards')
      .description('write Grafana dashboards: the federation, and what AlertPolicies watch')
      .argument('[configuration...]', 'topologies and files of gateway configuration, one configuration together')
      .option('--job <name>', 'only series of this scrape job: needed where gateways are scraped beside control planes')
      .option('--out <dir>', 'write them here', 'dashboards')
      .addHelpText('after', `
Examples:
  regatta telemetry dashboards                                   the federation only
  regatta telemetry dashboards three-regions ./alerts.yaml       and a panel for each rule, with its bound

Import the files in Grafana 10 or newer, or provision them; the data source is chosen there.
Exit codes: 0 written, 3 bad input.`)
      .action(ending(end, async (names: string[], { job, out = 'dashboards' }: Generated) => {
        for (const [file, dashboard] of Object.entries(dashboards(await alertRulesOf(names), sourceOf(job)))) {
          process.stdout.write(`${write(join(out, file), `${JSON.stringify(dashboard, null, 2)}\n`)}\n`)
        }
        return ExitCode.pass
      }))
    telemetry.addHelpText('after', `
Examples:
  regatta telemetry rules three-regions ./alerts.yaml            a rule file for Prometheus
  regatta telemetry dashboards three-regions ./alerts.yaml       dashboards for Grafana

Exit codes: 0 written, 3 bad input, or there is no AlertPolicy.`)
  },
}

const sourceOf = (job: string | undefined): Matcher[] => (job === undefined ? [] : [['job', '=', job]])

function write(path: string, text: string): string {
  const file = resolve(path)
  try {
    mkdirSync(resolve(file, '..'), { recursive: true })
    writeFileSync(file, text)
  } catch (cause) {
    throw commandError('it cannot be written', { place: { file: path }, found: (cause as Error).message, cause }, 'RGT_COMMAND_FILE')
  }
  return path
}
