// `regatta report`: make the reports of a judged run again, all of them or one.

import { resolve } from 'node:path'
import { Option } from 'commander'
import { reportKinds, writeReports } from '../../reports/index.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { latestRun } from '../runs.ts'
import { ending, type Command } from './command.ts'

export const reportCommand: Command = {
  name: 'report',
  add(program, end) {
    program.command('report')
      .description('make the reports of a recorded run again')
      .argument('[run]', 'folder of the run', latestRun)
      .addOption(new Option('--format <kind...>', 'which reports').choices(reportKinds).default(reportKinds, 'all'))
      .option('--json', 'print the paths as one JSON object')
      .action(ending(end, async (run: string, { format, json }: { format: string[]; json?: boolean }) => {
        const written = await writeReports(resolve(run), format)
        process.stdout.write(json
          ? `${JSON.stringify(written)}\n`
          : Object.entries(written).map(([kind, path]) => `${kind.padEnd(10)} ${path}\n`).join(''))
        return ExitCode.pass
      }))
  },
}
