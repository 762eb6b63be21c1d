// `regatta judge`: judge a recorded run again, from its folder alone. Starts nothing; the same folder gives the
// same bytes, here or on another machine.

import { resolve } from 'node:path'
import { judge } from '../../scenarios/judge.ts'
import { writeReports } from '../../reports/index.ts'
import { printVerdict } from '../../reports/terminal.ts'
import { judgeAndWrite, latestRun } from '../runs.ts'
import { ending, type Command } from './command.ts'

export const judgeCommand: Command = {
  name: 'judge',
  add(program, end) {
    program.command('judge')
      .description('judge a recorded run again, from its folder alone')
      .argument('[run]', 'folder of the run', latestRun)
      .option('--json', 'print the verdict document on standard output and nothing else')
      .option('--no-write', 'leave the folder as it is')
      .addHelpText('after', `
Examples:
  regatta judge                                    the newest run
  regatta judge ./copy-of-a-run --json | jq .checks
  regatta judge /mnt/archive/run --no-write        a folder that cannot be written

Nothing is started, and nothing outside the folder is read: the same folder gives the same verdict.json, byte for byte.
Exit codes are those of the run: 0 pass, 1 objective missed, 2 inconclusive, 4 substrate or tool failed; 3 when the
folder is not that of a run.`)
      .action(ending(end, async (run: string, { json, write }: { json?: boolean; write: boolean }) => {
        const folder = resolve(run)
        const verdict = write ? await judgeAndWrite(folder) : await judge(folder)
        const reports = write ? await writeReports(folder) : null
        process.stdout.write(json ? `${JSON.stringify(verdict)}\n` : printVerdict(verdict, reports))
        return verdict.exitCode
      }))
  },
}
