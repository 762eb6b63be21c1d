// `regatta report`: make the reports of a judged run again, all of them or one; or put the parts of a search together.

import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Option } from 'commander'
import { reportKinds, writeReports } from '../../reports/index.ts'
import { writeSweep } from '../../reports/sweep/index.ts'
import { scenarioError } from '../../scenarios/errors.ts'
import { readSweep } from '../../scenarios/sweep/result.schema.ts'
import { sweepFile } from '../../scenarios/sweep/result.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { latestRun } from '../runs.ts'
import { areSearches, reportSearches } from '../search-results.ts'
import { ending, type Command } from './command.ts'

export const reportCommand: Command = {
  name: 'report',
  add(program, end) {
    program.command('report')
      .description('make the reports of a recorded run again')
      .argument('[run...]', 'folder of the run or sweep; or folders, files or logs with results of a search', [latestRun])
      .addOption(new Option('--format <kind...>', 'which reports').choices(reportKinds).default(reportKinds, 'all'))
      .option('--out <dir>', 'of a search: write the whole result and its reports here')
      .option('--json', 'print the paths as one JSON object; of a search, the whole result')
      .addHelpText('after', `
Examples:
  regatta report                                   all reports of the newest run
  regatta report ./copy-of-a-run --format html     only the page
  cat "$(regatta report --format markdown --json | jq -r .markdown)" >> "$GITHUB_STEP_SUMMARY"
  regatta report shards/*/* --out whole            the shards of a search as one result
  regatta report shards.ndjson                     the same from the logs of its pods

Reports show the verdict as it stands in verdict.json; \`regatta judge\` makes that again too.
Exit codes: 0 written, 3 the folder is not that of a judged run, or the results are of different searches.`)
      .action(ending(end, async (paths: string[], { format, json, out }: { format: string[]; json?: boolean; out?: string }) => {
        if (areSearches(paths)) return reportSearches(paths, { json, out })
        const folder = resolve(paths[0])
        if (existsSync(join(folder, 'run.json')) && !existsSync(join(folder, 'verdict.json'))) {
          throw scenarioError('RGT_RUN_FOLDER', 'this run has no verdict yet', {
            place: { file: folder }, expected: 'verdict.json', hint: '`regatta judge` judges it and writes the reports',
          })
        }
        const written = existsSync(join(folder, sweepFile)) ? writeSweep(folder, readSweep(folder)) : await writeReports(folder, format)
        process.stdout.write(json
          ? `${JSON.stringify(written)}\n`
          : Object.entries(written).map(([kind, path]) => `${kind.padEnd(10)} ${path}\n`).join(''))
        return ExitCode.pass
      }))
  },
}
