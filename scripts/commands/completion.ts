// `regatta completion SHELL`: a script for bash, zsh or fish, made from the commands themselves, so that it
// never falls behind them.

import { Argument, type Command as Commander } from 'commander'
import { gatewayNames } from '../../gateway/drivers/index.ts'
import { reportKinds } from '../../reports/index.ts'
import { faultKinds } from '../../scenarios/faults/index.ts'
import { catalogScenarios, mustFailScenarios } from '../../scenarios/load-scenario.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { catalogTopologies } from '../../topologies/load.ts'
import { meshUses } from '../../topologies/meshes/use.ts'
import { substrateKinds } from '../../topologies/substrates/index.ts'
import { plantedDefects } from '../../topologies/substrate.ts'
import { toolNames } from '../../topologies/tools/index.ts'
import { axes } from '../../scenarios/sweep/axes.ts'
import { catalogSweeps } from '../../scenarios/sweep/load-sweep.ts'
import { parityNames } from '../parity/choose.ts'
import { ending, type Command } from './command.ts'

const shells = ['bash', 'zsh', 'fish'] as const
type Shell = (typeof shells)[number]

export const completionCommand: Command = {
  name: 'completion',
  add(program, end) {
    program.command('completion')
      .description('print a completion script for a shell')
      .addArgument(new Argument('<shell>', 'which').choices(shells))
      .addHelpText('after', `
Examples:
  source <(regatta completion bash)
  regatta completion zsh > ~/.zfunc/_regatta
  regatta completion fish > ~/.config/fish/completions/regatta.fish
Exit codes: 0 printed, 3 no such shell.`)
      .action(ending(end, async (shell: Shell) => {
        process.stdout.write(scripts[shell](verbsOf(program, await wordLists())))
        return ExitCode.pass
      }))
  },
}

interface Option { long: string; description: string; values: readonly string[] }
interface Verb { name: string; description: string; options: Option[]; words: readonly string[] }

/** What may be written for an argument or an option's value, by its name as help shows it. */
async function wordLists(): Promise<Record<string, readonly string[]>> {
  const scenarios = (await catalogScenarios()).map(({ name }) => name)
  const topologies = catalogTopologies().map(({ name }) => name)
  const mustFail = (await mustFailScenarios()).map(({ name }) => name)
  return {
    scenario: scenarios, topology: topologies, fault: faultKinds, tool: toolNames, shell: shells, 'must-fail name': [...mustFail, 'interrupted'],
    'parity scenario': [...parityNames(), ...scenarios],
    'validate scenario': [...scenarios, ...topologies], configuration: topologies, sweep: [...catalogSweeps().map(({ name }) => name), ...scenarios],
    '--on': substrateKinds, '--gateway': gatewayNames, '--mesh': meshUses, '--from': scenarios, '--format': reportKinds, '--plant': plantedDefects,
    '--axis': axes.map(({ name }) => `${name}=`), '--set': axes.map(({ name }) => `${name}=`),
  }
}

function verbsOf(program: Commander, lists: Record<string, readonly string[]>): Verb[] {
  return program.commands.map((command) => {
    const levels = [command, ...command.commands]
    const argumentWords = levels.flatMap((level) => level.registeredArguments)
      .flatMap((argument) => lists[`${command.name()} ${argument.name()}`] ?? lists[argument.name()] ?? [])
    const options = levels.flatMap((level) => level.options).map((option) => ({
      long: option.long ?? '', description: plain(option.description), values: lists[option.long ?? ''] ?? [],
    }))
    return {
      name: command.name(), description: plain(command.description()),
      options: [...options, { long: '--help', description: 'help', values: [] }],
      words: [...new Set([...command.commands.map((level) => level.name()), ...argumentWords])],
    }
  })
}

/** Text that may stand in single quotes of every shell. */
function plain(text: string): string {
  return text.replaceAll(/['`\\]/g, '')
}

const scripts: Record<Shell, (verbs: Verb[]) => string> = { bash: bashScript, zsh: zshScript, fish: fishScript }

const wordsOf = ({ options, words }: Verb): string => [...options.map(({ long }) => long), ...words].join(' ')

/** The values of options before the cursor, once for all verbs: the same option means the same everywhere. */
function valuesOf(verbs: readonly Verb[]): [string, readonly string[]][] {
  return [...new Map(verbs.flatMap(({ options }) => options).filter(({ values }) => values.length > 0).map(({ long, values }) => [long, values]))]
}

/** `COMP_WORDBREAKS` splits at `=` and `:`, so values with a colon (`envoy:default`) are completed up to it. */
function bashScript(verbs: Verb[]): string {
  return `_regatta() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" verb="\${COMP_WORDS[1]}"
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W '${verbs.map(({ name }) => name).join(' ')} --help --version' -- "$word")); return; fi
  case "$before" in
${valuesOf(verbs).map(([long, values]) => `    ${long}) COMPREPLY=($(compgen -W '${values.join(' ')}' -- "$word")); return;;`).join('\n')}
    --out) COMPREPLY=($(compgen -d -- "$word")); return;;
  esac
  case "$verb" in
${verbs.map((verb) => `    ${verb.name}) COMPREPLY=($(compgen -W '${wordsOf(verb)}' -- "$word") $(compgen -f -- "$word"));;`).join('\n')}
  esac
}
complete -o filenames -F _regatta regatta
`
}

function zshScript(verbs: Verb[]): string {
  return `#compdef regatta
_regatta() {
  if (( CURRENT == 2 )); then
    local -a verbs=(${verbs.map(({ name, description }) => `'${name}:${description.replaceAll(':', ' ')}'`).join(' ')})
    _describe verb verbs; return
  fi
  case "$words[CURRENT-1]" in
${valuesOf(verbs).map(([long, values]) => `    ${long}) compadd -- ${values.join(' ')}; return;;`).join('\n')}
    --out) _files -/; return;;
  esac
  case "$words[2]" in
${verbs.map((verb) => `    ${verb.name}) compadd -- ${wordsOf(verb)}; _files;;`).join('\n')}
  esac
}
if [ "$funcstack[1]" = _regatta ]; then _regatta "$@"; else compdef _regatta regatta; fi
`
}

function fishScript(verbs: Verb[]): string {
  return verbs.flatMap(({ name, description, options, words }) => [
    `complete -c regatta -n __fish_use_subcommand -a ${name} -d '${description}'`,
    ...options.map(({ long, description: text, values }) =>
      `complete -c regatta -n '__fish_seen_subcommand_from ${name}' -l ${long.slice(2)} -d '${text}'${values.length === 0 ? '' : ` -x -a '${values.join(' ')}'`}`),
    ...(words.length === 0 ? [] : [`complete -c regatta -n '__fish_seen_subcommand_from ${name}' -a '${words.join(' ')}'`]),
  ]).join('\n').concat('\n')
}
