// `regatta validate`: read scenarios as a run would, with their topology and gateway configuration, and say
// everything that is wrong with them and where. Without a name it checks and lists the whole catalogue.

import { catalogScenarios, loadScenarioAndTopology } from '../../scenarios/load-scenario.ts'
import { plan } from '../../scenarios/plan.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { gatewayConfig } from '../../topologies/gateway-config.ts'
import { exitCodeOf, tell, worst } from '../exit.ts'
import { ending, type Command } from './command.ts'

interface Validated { scenario: string; valid: boolean; description: string; file: string; seconds: number; offeredRate: number; limits: readonly string[] }

export const validateCommand: Command = {
  name: 'validate',
  add(program, end) {
    program.command('validate')
      .description('check scenarios with their topology and gateway configuration; without a name, the whole catalogue')
      .argument('[scenario...]', 'names in the catalogue, or paths of files')
      .option('--fast', 'check the short forms')
      .option('--json', 'one JSON document a line')
      .addHelpText('after', `
Examples:
  regatta validate                   list the catalogue
  regatta validate ./my-drill.yaml   file, line, column, what was expected, what was found, and a hint
Exit codes: 0 valid, 3 not.`)
      .action(ending(end, async (names: string[], { json, fast }: { json?: boolean; fast?: boolean }) => {
        const wanted = names.length > 0 ? names : (await catalogScenarios()).map(({ name }) => name)
        const codes: number[] = []
        for (const name of wanted) {
          try {
            const result = await validate(name, fast ?? false)
            process.stdout.write(json ? `${JSON.stringify(result)}\n` : line(result))
            codes.push(ExitCode.pass)
          } catch (error) {
            tell(error, json ?? false)
            codes.push(exitCodeOf(error))
          }
        }
        return codes.includes(ExitCode.badInput) ? ExitCode.badInput : worst(codes)
      }))
  },
}

async function validate(name: string, fast: boolean): Promise<Validated> {
  const { scenario, topology } = await loadScenarioAndTopology(name, { fast })
  const planned = plan(scenario, topology, 1)
  await gatewayConfig(topology)
  return {
    scenario: scenario.name, valid: true, description: scenario.description, file: scenario.file,
    seconds: planned.endUs / 1e6, offeredRate: planned.offeredRate ?? 0, limits: planned.limits ?? [],
  }
}

function line({ scenario, description, seconds, offeredRate, limits }: Validated): string {
  const first = description.trim().split(/(?<=[.!?])\s/)[0].replaceAll(/\s+/g, ' ')
  const notes = limits.map((limit) => `${' '.repeat(28)}note: ${limit}\n`).join('')
  return `${scenario.padEnd(27)} ${`${Math.round(seconds)} s`.padStart(6)} ${`${Math.round(offeredRate)}/s`.padStart(7)}  ${first}\n${notes}`
}
