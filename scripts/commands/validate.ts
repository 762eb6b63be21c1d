// `regatta validate`: read files as a run would, and say everything that is wrong with them and where. Without a
// name it checks and lists the whole catalogue.

import { formatDuration } from '../../gateway/config/duration.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { exitCodeOf, tell, worst } from '../exit.ts'
import { tasksFor, type Validated } from '../validation.ts'
import { ending, type Command } from './command.ts'

export const validateCommand: Command = {
  name: 'validate',
  add(program, end) {
    program.command('validate')
      .description('check scenarios, topologies and gateway configuration; without a name, list the whole catalogue')
      .argument('[scenario...]', 'names in the catalogue, or paths of files of any kind')
      .option('--fast', 'check the short forms of scenarios')
      .option('--json', 'one JSON document a line')
      .addHelpText('after', `
Examples:
  regatta validate                        list the catalogue of scenarios and topologies
  regatta validate ./my-drill.yaml        with its topology and gateway configuration
  regatta validate three-regions          a topology with the gateway configuration that it names
  regatta validate ./config/shop.yaml     gateway configuration; several files are one configuration

Every problem is told with file, line, column, what was expected, what was found, and a hint.
Exit codes: 0 all valid, 3 not.`)
      .action(ending(end, async (names: string[], { json = false, fast = false }: { json?: boolean; fast?: boolean }) => {
        const codes: number[] = []
        for (const task of await tasksFor(names, fast)) {
          try {
            const valid = await task.check()
            process.stdout.write(json ? `${JSON.stringify({ valid: true, ...valid })}\n` : line(valid))
            codes.push(ExitCode.pass)
          } catch (error) {
            tell(error, json)
            codes.push(exitCodeOf(error))
          }
        }
        return worst(codes)
      }))
  },
}

function line(valid: Validated): string {
  const notes = 'limits' in valid ? valid.limits.map((limit) => `${' '.repeat(28)}note: ${limit}\n`).join('') : ''
  switch (valid.kind) {
    case 'Scenario': {
      const lasts = formatDuration(Math.round(valid.seconds) * 1e6)
      return `${valid.name.padEnd(27)} ${lasts.padStart(6)} ${`${Math.round(valid.offeredRate)}/s`.padStart(7)}  ${firstSentence(valid.description)}\n${notes}`
    }
    case 'Topology':
      return `${valid.name.padEnd(27)} ${`${valid.regions} regions`.padStart(14)}  ${firstSentence(valid.description)}\n`
    case 'Sweep':
      return `${valid.name.padEnd(27)} ${`${valid.cells} cells`.padStart(14)}  ${firstSentence(valid.description)}\n`
    case 'GatewayConfiguration':
      return `${valid.name.padEnd(27)} ${valid.documents} documents, ${valid.routes} routes: valid\n${notes}`
  }
}

function firstSentence(text: string): string {
  return text.trim().split(/(?<=[.!?])\s/)[0].replaceAll(/\s+/g, ' ')
}
