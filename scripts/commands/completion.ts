// `regatta completion SHELL`: a script for bash, zsh or fish, made from the commands themselves, so that it
// never falls behind them.

import { Argument, type Command as Commander } from 'commander'
import { catalogScenarios } from '../../scenarios/load-scenario.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
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
  regatta completion fish > ~/.config/fish/completions/regatta.fish`)
      .action(ending(end, async (shell: Shell) => {
        const scenarios = (await catalogScenarios()).map(({ name }) => name)
        process.stdout.write(scripts[shell](verbsOf(program), scenarios))
        return ExitCode.pass
      }))
  },
}

interface Verb { name: string; description: string; options: { long: string; description: string }[]; takesScenario: boolean }

function verbsOf(program: Commander): Verb[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description().replaceAll("'", ''),
    options: [...command.options.map((option) => ({ long: option.long ?? '', description: option.description.replaceAll("'", '') })), { long: '--help', description: 'help' }],
    takesScenario: command.registeredArguments.some((argument) => argument.name() === 'scenario'),
  }))
}

const scripts: Record<Shell, (verbs: Verb[], scenarios: string[]) => string> = {
  bash: (verbs, scenarios) => `_regatta() {
  local word="\${COMP_WORDS[COMP_CWORD]}" verb="\${COMP_WORDS[1]}"
  if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W '${verbs.map(({ name }) => name).join(' ')}' -- "$word")); return; fi
  case "$verb" in
${verbs.map(({ name, options, takesScenario }) => `    ${name}) COMPREPLY=($(compgen -W '${[...options.map(({ long }) => long), ...(takesScenario ? scenarios : [])].join(' ')}' -- "$word") $(compgen -f -- "$word"));;`).join('\n')}
  esac
}
complete -o filenames -F _regatta regatta
`,
  zsh: (verbs, scenarios) => `#compdef regatta
_regatta() {
  if (( CURRENT == 2 )); then
    local -a verbs=(${verbs.map(({ name, description }) => `'${name}:${description.replaceAll(':', ' ')}'`).join(' ')})
    _describe verb verbs; return
  fi
  case "$words[2]" in
${verbs.map(({ name, options, takesScenario }) => `    ${name}) compadd -- ${[...options.map(({ long }) => long), ...(takesScenario ? scenarios : [])].join(' ')}; _files;;`).join('\n')}
  esac
}
_regatta "$@"
`,
  fish: (verbs, scenarios) => verbs.map(({ name, description, options, takesScenario }) => [
    `complete -c regatta -n __fish_use_subcommand -a ${name} -d '${description}'`,
    ...options.map((option) => `complete -c regatta -n '__fish_seen_subcommand_from ${name}' -l ${option.long.slice(2)} -d '${option.description}'`),
    ...(takesScenario ? [`complete -c regatta -n '__fish_seen_subcommand_from ${name}' -a '${scenarios.join(' ')}'`] : []),
  ].join('\n')).join('\n').concat('\n'),
}
