// The command line without its process: parses arguments, lets a verb act, and gives back the exit code. Whatever
// is wrong is told here, once, for people or (with --json) for scripts.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command as Commander, CommanderError } from 'commander'
import { ExitCode } from '../scenarios/verdict.ts'
import { commands } from './commands/index.ts'
import { projectRoot } from './environment.ts'
import { commandError } from './errors.ts'
import { exitCodeOf, tell } from './exit.ts'

const manifest = JSON.parse(readFileSync(join(projectRoot, 'package.json'), 'utf8')) as { version: string; description: string }

/** Plays a command line (without `node` and the script's name) and gives back its exit code. Never rejects. */
export async function runProgram(args: readonly string[]): Promise<number> {
  let exitCode: number = ExitCode.pass
  const program = makeProgram((code) => { exitCode = code })
  try {
    await program.parseAsync(args.length === 0 ? ['--help'] : [...args], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return ExitCode.pass
    const told = error instanceof CommanderError ? usageError(error, args) : error
    tell(told, args.includes('--json'))
    return exitCodeOf(told)
  }
}

/** Every verb under one roof; `end` hears the exit code of the verb that was played. */
export function makeProgram(end: (code: number) => void): Commander {
  const program = new Commander('regatta')
    .description(manifest.description)
    .version(manifest.version)
    .exitOverride()
    // Errors are told by `tell`, in the form that all others have.
    .configureOutput({ outputError: () => {} })
    .addHelpText('after', `
Start here:
  regatta run regional-outage        lose a region, and see whether the gateway keeps its promise
  regatta validate                   list the catalogue of scenarios and topologies
  regatta init                       begin one of your own
  regatta VERB --help                examples and exit codes of a verb

Exit codes: 0 pass, 1 objective missed, 2 inconclusive, 3 bad input, 4 substrate or tool failed, 130 interrupted.
Errors go to standard error, with --json as one JSON document a line; docs/errors.md lists their codes.`)
  for (const command of commands) command.add(program, end)
  return program
}

/** Commander's own words in our form: `error: unknown option '--frob'` and a possible `(Did you mean …?)`. */
function usageError({ message, code }: CommanderError, args: readonly string[]): Error {
  // Commander has written the verb's help by then, and calls the error `(outputHelp)`.
  const said = code === 'commander.help' ? 'the command of this verb is missing' : message
  const [text, ...more] = said.replace(/^error: /, '').split('\n')
  const verb = args.find((arg) => commands.some(({ name }) => name === arg))
  const guess = more.map((line) => line.replaceAll(/^\(|\)$/g, '')).join(' ')
  const hint = [guess, `\`regatta ${verb === undefined || code === 'commander.unknownCommand' ? '' : `${verb} `}--help\` teaches it`]
  return commandError(text, { hint: hint.filter((part) => part !== '').join('; ') }, 'RGT_COMMAND_USAGE')
}
