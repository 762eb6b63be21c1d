// `npm run bench -- NAME`: measures, and prints one object for scripts or a table for people. Figures of one machine
// and one moment: compare what stands in one table, never two tables.

import Table from 'cli-table3'
import { Command, InvalidArgumentError } from 'commander'
import { nearest } from '../gateway/config/shape.ts'
import { machineOf, versionsOf } from '../scenarios/run-machine.ts'
import { ExitCode } from '../scenarios/verdict.ts'
import type { Bench, BenchResult } from './bench/bench.ts'
import { benches } from './bench/index.ts'
import { explicitTools } from './environment.ts'
import { commandError } from './errors.ts'
import { exitCodeOf, tell, untilInterrupted } from './exit.ts'

interface Options { json?: boolean; rounds?: number; only?: string; install: boolean }

const list = Object.values<Bench>(benches)

async function main(name: string, options: Options): Promise<number> {
  const bench = list.find((one) => one.name === name)
  if (bench === undefined) {
    const near = nearest(name, list.map((one) => one.name))
    throw commandError(`no benchmark is called ${name}`, {
      expected: list.map((one) => one.name).join(', '), found: name, ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
    }, 'RGT_COMMAND_USAGE')
  }
  return untilInterrupted(async (signal) => {
    const results = await bench.run({
      progress: (text) => process.stderr.write(`${bench.name}: ${text}\n`),
      tools: { allowEmbedded: true, allowInstall: options.install, explicit: explicitTools() },
      rounds: options.rounds ?? null, only: options.only?.split(',') ?? null, signal,
    })
    const machine = { ...machineOf(), node: versionsOf().node }
    process.stdout.write(options.json ? `${JSON.stringify({ bench: bench.name, machine, results })}\n` : printed(machine, results))
    return ExitCode.pass
  })
}

function printed({ cpuModel, cpus, os, node }: { cpuModel: string; cpus: number; os: string; node: string }, results: BenchResult[]): string {
  const table = new Table({ head: ['', 'median', '± IQR', 'unit', ''], style: { head: [], border: [], compact: true }, colAligns: ['left', 'right', 'right', 'left', 'left'], colWidths: [null, null, null, null, 70], wordWrap: true })
  const number = (value: number | null): string => (value === null ? '–' : value.toLocaleString('en', { maximumSignificantDigits: 4 }))
  for (const { name, value, unit, spread, note } of results) table.push([name, number(value), number(spread), unit, note ?? ''])
  return `${cpus} × ${cpuModel}, ${os}, node ${node}\n${table.toString()}\n`
}

function rounds(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError(`expected a whole number above nought, found \`${text}\``)
  return Number(text)
}

let code: number = ExitCode.pass
const program = new Command('bench')
  .description('measure the gateway, beside others in the same run')
  .argument('<name>', `one of ${list.map(({ name }) => name).join(', ')}`)
  .option('--json', 'print one object {bench, machine, results} on standard output, and nothing else')
  .option('--rounds <n>', 'rounds in which every contender has its turn', rounds)
  .option('--only <names>', 'of dataplane and failover: beside the reference only these, comma-separated (`envoy,haproxy:default`)')
  .option('--no-install', 'use only tools that are here already')
  .addHelpText('after', `
Benchmarks:
${list.map(({ name, description }) => `  ${name.padEnd(12)} ${description}`).join('\n')}

Values are medians over the rounds, spreads interquartile ranges. What is missing is listed with the reason.
Compare figures of one run only; another process on the machine weighs on them.`)
  .exitOverride()
  .action(async (name: string, options: Options) => { code = await main(name, options) })

try {
  await program.parseAsync(process.argv)
} catch (error) {
  if ((error as { code?: string }).code?.startsWith('commander.')) code = (error as { exitCode: number }).exitCode === 0 ? ExitCode.pass : ExitCode.badInput
  else {
    tell(error, process.argv.includes('--json'))
    code = exitCodeOf(error)
  }
}
process.exitCode = code
