// `regatta up TOPOLOGY`: bring a topology up and hold it, so that people can look around, send requests of
// their own and inject faults. Ctrl-C or `regatta down` ends it.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { seededRandom, systemClock } from '../../gateway/runtime.ts'
import { scenarioError } from '../../scenarios/errors.ts'
import { faultOf, faultKinds } from '../../scenarios/faults/index.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { openHistory } from '../../topologies/history/open.ts'
import { gatewayConfig } from '../../topologies/gateway-config.ts'
import { loadTopology } from '../../topologies/load.ts'
import { findSubstrate, substrateKinds } from '../../topologies/substrates/index.ts'
import { announceControl, claims, ownerLives } from '../../topologies/substrates/local/ownership.ts'
import type { Deployment, Inventory } from '../../topologies/substrate.ts'
import type { Topology } from '../../topologies/topology.ts'
import { openControl } from '../control.ts'
import { explicitTools, projectRoot } from '../environment.ts'
import { interruptible } from '../exit.ts'
import { runsFolder } from '../runs.ts'
import { commandError } from '../errors.ts'
import { ending, type Command } from './command.ts'

interface UpOptions { on: string; detach?: boolean; json?: boolean; install: boolean; embedded: boolean }

export const upCommand: Command = {
  name: 'up',
  add(program, end) {
    program.command('up')
      .description('bring a topology up and hold it until Ctrl-C or `regatta down`')
      .argument('[topology]', 'name in the catalogue, or path of a file', 'three-regions')
      .option('--on <substrate>', `where: ${substrateKinds.join(', ')}`, 'local')
      .option('--detach', 'hold it in the background')
      .option('--no-embedded', 'a missing tool is an error instead of a stand-in')
      .option('--no-install', 'use only tools that are here already')
      .option('--json', 'print addresses as one JSON document')
      .addHelpText('after', `
Examples:
  regatta up three-regions
  regatta inject regional-outage --set region=eu-west --for 10s      in another terminal
  regatta down`)
      .action(ending(end, (topology: string, options: UpOptions) => options.detach ? detach(topology, options) : hold(topology, options)))
  },
}

async function hold(name: string, options: UpOptions): Promise<number> {
  const topology = await loadTopology(name)
  const config = await gatewayConfig(topology)
  const runDir = join(runsFolder, `up-${topology.name}-${process.pid}`)
  mkdirSync(runDir, { recursive: true })
  const history = openHistory(runDir)
  const { signal, done } = interruptible()
  try {
    await using deployment = await findSubstrate(options.on).start({
      topology, config, seed: 1, runDir, history, signal,
      tools: { allowEmbedded: options.embedded, allowInstall: options.install, explicit: explicitTools() },
      progress: (stage, text) => void process.stderr.write(`${stage}: ${text}\n`),
      options: { gateway: 'reference', mesh: 'none', collectGarbageEveryMs: 0 },
    })
    const token = randomBytes(24).toString('hex')
    const control = await openControl(token, (path, body) => injectInto(deployment, topology, path, body))
    announceControl({ port: control.port, token, topology: topology.name })
    process.stdout.write(options.json ? `${JSON.stringify(deployment.inventory)}\n` : addresses(deployment.inventory))
    await deployment.run(Number.MAX_SAFE_INTEGER, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    control.close()
    return ExitCode.pass
  } finally {
    done()
    await history.finalise()
  }
}

/** Starts `up` again in the background and waits until it can be spoken to. */
async function detach(name: string, options: UpOptions): Promise<number> {
  mkdirSync(runsFolder, { recursive: true })
  const log = openSync(join(runsFolder, 'up.log'), 'a')
  const flags = [`--on=${options.on}`, options.install ? '' : '--no-install', options.embedded ? '' : '--no-embedded'].filter((flag) => flag !== '')
  const child = spawn(process.execPath, [join(projectRoot, 'scripts', 'regatta.ts'), 'up', name, ...flags], { detached: true, stdio: ['ignore', log, log] })
  child.unref()
  let exit: number | null = null
  child.once('exit', (code) => { exit = code ?? ExitCode.toolFailed })
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const held = claims().find(({ owner, control }) => owner.pid === child.pid && control !== null)
    if (held !== undefined && ownerLives(held)) {
      process.stdout.write(`${held.run} is up (process ${child.pid}); \`regatta down\` ends it, ${join(runsFolder, 'up.log')} tells its addresses\n`)
      return ExitCode.pass
    }
    if (exit !== null) {
      throw commandError('the topology did not come up', { found: `exit code ${exit}`, hint: `see ${join(runsFolder, 'up.log')}` })
    }
  }
}

const injection = z.strictObject({
  fault: z.string(),
  parameters: z.record(z.string(), z.unknown()),
  forUs: z.number().positive().max(3_600_000_000),
})

/** `POST /inject` composes a named fault and plays it now, with its healing. */
async function injectInto(deployment: Deployment, topology: Topology, path: string, body: unknown): Promise<unknown> {
  if (path !== '/inject') throw commandError(`there is nothing at ${path}`, { expected: 'POST /inject' })
  const { fault: kind, parameters, forUs } = injection.parse(body)
  const fault = faultOf(kind)
  if (fault === undefined) {
    throw scenarioError('RGT_SCENARIO_REFERENCE', `there is no fault \`${kind}\``, { expected: `one of ${faultKinds.join(', ')}` })
  }
  const composed = fault.compose(fault.parameters.parse(parameters) as never, { topology, random: seededRandom(1), forUs })
  const nowUs = systemClock.nowUs() - deployment.inventory.clock.offsetUs
  const name = `${kind}-${Math.round(nowUs / 1000)}`
  composed.primitives.forEach(({ offsetUs, forUs: lastsUs, primitive }, index) => {
    deployment.at(nowUs + offsetUs, { kind: 'apply', fault: name, index, primitive })
    deployment.at(nowUs + offsetUs + lastsUs, { kind: 'heal', fault: name, index, primitive })
  })
  return { injected: name, primitives: composed.primitives.map(({ primitive }) => primitive.kind), affectedRegions: composed.affectedRegions, forUs }
}

function addresses({ entries, admin, tools }: Inventory): string {
  return [
    'ways in (each through its own link):',
    ...Object.entries(entries).map(([group, list]) => `  ${group.padEnd(12)} ${list.join('  ')}`),
    'admin ports (need the token of the run):',
    ...Object.entries(admin).map(([name, address]) => `  ${name.padEnd(20)} ${address}`),
    ...Object.entries(tools).map(([tool, { origin, version, reason }]) => `${tool} ${version}: ${origin}${reason === undefined ? '' : ` (${reason})`}`),
    "try: curl -i -H 'host: shop.example.com' ADDRESS/catalog/items", '',
  ].join('\n')
}
