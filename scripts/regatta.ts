// The command line. Verbs live in commands/, one file each; this file parses, tells errors and sets the exit code.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command as Commander, CommanderError } from 'commander'
import { ExitCode } from '../scenarios/verdict.ts'
import { commands } from './commands/index.ts'
import { projectRoot } from './environment.ts'
import { exitCodeOf, tell } from './exit.ts'

const { version, description } = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string; description: string }

let exitCode: number = ExitCode.pass
const program = new Commander('regatta')
  .description(description)
  .version(version)
  .showHelpAfterError('(`regatta --help` and `regatta VERB --help` teach the command line)')
  .addHelpText('after', `
Start here:
  regatta run regional-outage        lose a region, and see whether the gateway keeps its promise
  regatta validate                   list the catalogue of scenarios
  regatta init                       begin one of your own`)
  .exitOverride()
for (const command of commands) command.add(program, (code) => { exitCode = code })
for (const command of program.commands) command.exitOverride()

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) {
    exitCode = error.exitCode === 0 ? ExitCode.pass : ExitCode.badInput
  } else {
    tell(error, process.argv.includes('--json'))
    exitCode = exitCodeOf(error)
  }
}
process.exitCode = exitCode
