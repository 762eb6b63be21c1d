// `regatta calibrate`: take the constants of the simulated world from a recorded run on real sockets.

import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { calibrate } from '../../scenarios/calibration/calibrate.ts'
import { modelText, type ModelFile } from '../../scenarios/calibration/model-file.ts'
import { percentile } from '../../scenarios/judging/statistics.ts'
import { judge } from '../../scenarios/judge.ts'
import { readRun } from '../../scenarios/read-run.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { readHistory } from '../../topologies/history/read.ts'
import { quantity } from '../../reports/words.ts'
import { latestRun, writable } from '../runs.ts'
import { ending, type Command } from './command.ts'

export const calibrateCommand: Command = {
  name: 'calibrate',
  add(program, end) {
    program.command('calibrate')
      .description('take the constants of simulation from a recorded run')
      .argument('[run]', 'folder of a run on real sockets', latestRun)
      .requiredOption('-o, --output <file>', 'file to write; JSON when its name ends so, YAML otherwise')
      .option('--json', 'print what was written on standard output as JSON, and nothing else')
      .addHelpText('after', `
Examples:
  regatta run regional-outage --fast && regatta calibrate -o model.yaml
  regatta calibrate reports/runs/20261123T101502-regional-outage -o model.yaml
  regatta run regional-hang --on simulated --model model.yaml
  regatta parity --model model.yaml          judge the constants on what they were not taken from

Only round trips and service times are taken, from requests that went straight through in the steady phase: never
anything of detection or failover, which must come out of the gateway's own code. Take a run of a quiet machine.
Exit codes: 0 written, 3 the folder is no such run, has too few samples, or the file cannot be written.`)
      .action(ending(end, async (run: string, { output, json }: { output: string; json?: boolean }) => {
        const folder = resolve(run)
        const model = calibrate(await readRun(folder), readHistory(folder))
        const crowded = (await judge(folder)).checks.find(({ name, verdict }) => name === 'machine-room' && verdict !== 'pass')
        if (crowded !== undefined) {
          const warning = `the machine had no room during this run (${crowded.evidence[0] ?? crowded.name}): these are the times of a busy machine`
          model.measured?.notes.push(warning)
          process.stderr.write(`warning: ${warning}\n`)
        }
        writable(resolve(output), (file) => writeFileSync(file, modelText(model, file)))
        process.stdout.write(json ? `${JSON.stringify(model)}\n` : summary(model, output))
        return ExitCode.pass
      }))
  },
}

function summary({ spec, measured }: ModelFile, output: string): string {
  const middle = (quantiles: readonly number[]): string => {
    const [half, most] = [50, 95].map((p) => quantity(percentile(Float64Array.from(quantiles), p) / 1000, 'ms'))
    return `${half} (p95 ${most})`
  }
  const { client, link, service } = measured!.samples
  const own = Object.keys(spec.rttUs).length / 2
  return [
    `clients to a gateway    ${middle(spec.hopUs.client)} each way, from ${client} requests`,
    `gateway to gateway      ${middle(spec.hopUs.link)} each way, from ${link} attempts`,
    `gateway to an endpoint  ${middle(spec.hopUs.endpoint)} each way, and the service ${middle(spec.serviceUs)} beyond its own time, from ${service} attempts`,
    `round trips             ${own === 0 ? 'as the topology says' : `${own} differ from the topology beyond that`}`,
    `${output}`, '',
  ].join('\n')
}
