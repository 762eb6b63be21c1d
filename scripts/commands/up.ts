// `regatta up TOPOLOGY`: bring a topology up and hold it, so that people can look around, send requests of
// their own and inject faults. Ctrl-C or `regatta down` ends it.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../gateway/runtime.ts'
import { ExitCode } from '../../scenarios/verdict.ts'
import { eventsFile } from '../../topologies/history/columns.ts'
import { openHistory } from '../../topologies/history/open.ts'
import { gatewayConfig } from '../../topologies/gateway-config.ts'
import { loadTopology } from '../../topologies/load.ts'
import { standBack } from '../../topologies/meshes/stand-back.ts'
import { topologyError } from '../../topologies/errors.ts'
import { findSubstrate, substrateKinds } from '../../topologies/substrates/index.ts'
import { announceControl, claims, ownerLives } from '../../topologies/substrates/sockets/ownership.ts'
import type { Inventory } from '../../topologies/substrate.ts'
import { openControl } from '../control.ts'
import { clusterFlags, clustersFor, withClusterOptions, type TypedClusters } from '../clusters.ts'
import { explicitTools, projectRoot } from '../environment.ts'
import { interruptible, untilInterrupted } from '../exit.ts'
import { inject } from '../injection.ts'
import { runsFolder } from '../runs.ts'
import { ending, type Command } from './command.ts'

interface UpOptions extends TypedClusters { on: string; detach?: boolean; json?: boolean; install: boolean; embedded: boolean }

export const upCommand: Command = {
  name: 'up',
  add(program, end) {
    withClusterOptions(program.command('up'))
      .description('bring a topology up and hold it until Ctrl-C or `regatta down`')
      .argument('[topology]', 'name in the catalogue, or path of a file', 'three-regions')
      .option('--on <substrate>', `where: ${substrateKinds.join(', ')}`, 'local')
      .option('--detach', 'hold it in the background')
      .option('--no-embedded', 'a missing tool is an error instead of a stand-in')
      .option('--no-install', 'use only tools that are here already')
      .option('--json', 'print addresses as one JSON document')
      .addHelpText('after', `
Examples:
  regatta up three-regions                                           Ctrl-C ends it
  regatta up ./my-topology.yaml --detach                             give the terminal back
  regatta up three-regions --on kind                                 on clusters; says how kubectl speaks to each
  regatta inject regional-outage --set region=eu-west --for 10s      in another terminal
  regatta down

Its events and attempts are recorded in reports/runs/up-TOPOLOGY-PROCESS.
Exit codes: 0 up and ended (with --detach: up), 3 bad input, 4 substrate or tool failed,
130 interrupted before it was up.`)
      .action(ending(end, (topology: string, options: UpOptions) => options.detach ? detach(topology, options) : hold(topology, options)))
  },
}

/** Beside the record of what is held up: how a detached one tells its addresses. */
const inventoryFile = 'inventory.json'

async function hold(name: string, options: UpOptions): Promise<number> {
  const substrate = findSubstrate(options.on)
  if (substrate.time === 'virtual') {
    throw topologyError('RGT_UNSUPPORTED', `nothing can be held up on ${substrate.kind}: its time passes only while a run is played`, {
      hint: 'use `regatta up --on local`, or `regatta run SCENARIO --on simulated`',
    })
  }
  const topology = await loadTopology(name)
  const clusters = clustersFor(options, [substrate.kind], topology)
  const config = standBack(await gatewayConfig(topology), topology)
  const runDir = runDirOf(topology.name, process.pid)
  mkdirSync(runDir, { recursive: true })
  const history = openHistory(runDir)
  let wasUp = false
  return untilInterrupted(async (signal) => {
    await using deployment = await substrate.start({
      topology, config, seed: 1, runDir, history, signal,
      tools: { allowEmbedded: options.embedded, allowInstall: options.install, explicit: explicitTools() },
      progress: (stage, text) => void process.stderr.write(`${stage}: ${text}\n`),
      options: { gateway: 'reference', clusters, collectGarbageEveryMs: 0 },
    })
    const token = randomBytes(24).toString('hex')
    const nowUs = (): number => systemClock.nowUs() - deployment.inventory.clock.offsetUs
    const control = await openControl(token, async (path, body) => inject(deployment, topology, nowUs(), path, body))
    writeFileSync(join(runDir, inventoryFile), `${JSON.stringify(deployment.inventory, null, 2)}\n`)
    announceControl({ port: control.port, token, topology: topology.name })
    wasUp = true
    process.stdout.write(options.json ? `${JSON.stringify(deployment.inventory)}\n` : addresses(deployment.inventory))
    try {
      await deployment.run(Number.MAX_SAFE_INTEGER, signal)
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      control.close()
    }
    return ExitCode.pass
  }).finally(async () => {
    await history.finalise()
    // Where nothing was up and nobody said a word there is nothing to look at.
    if (!wasUp && statSync(join(runDir, eventsFile)).size === 0) rmSync(runDir, { recursive: true, force: true })
  })
}

function runDirOf(topology: string, pid: number): string {
  return join(runsFolder, `up-${topology}-${pid}`)
}

/** Starts `up` again in the background and waits until it can be spoken to. Ctrl-C until then calls it off. */
async function detach(name: string, options: UpOptions): Promise<number> {
  const topology = await loadTopology(name)
  mkdirSync(runsFolder, { recursive: true })
  const logFile = join(runsFolder, 'up.log')
  const log = openSync(logFile, 'a')
  const logFrom = fstatSync(log).size
  const flags = [`--on=${options.on}`, options.install ? '' : '--no-install', options.embedded ? '' : '--no-embedded', options.json ? '--json' : '', ...clusterFlags(options).flatMap((flag) => flag.split(' '))].filter((flag) => flag !== '')
  const child = spawn(process.execPath, [join(projectRoot, 'scripts', 'regatta.ts'), 'up', name, ...flags], { detached: true, stdio: ['ignore', log, log] })
  closeSync(log)
  let exit: number | null = null
  child.once('error', () => { exit = ExitCode.toolFailed })
  child.once('exit', (code) => { exit = code ?? ExitCode.toolFailed })
  const { signal, done } = interruptible()
  signal.addEventListener('abort', () => child.kill('SIGTERM'))
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 100))
    const held = claims().find(({ owner, control }) => owner.pid === child.pid && control !== null)
    if (held !== undefined && ownerLives(held) && !signal.aborted) {
      done()
      child.unref()
      const inventory = JSON.parse(readFileSync(join(runDirOf(topology.name, held.owner.pid), inventoryFile), 'utf8')) as Inventory
      process.stdout.write(options.json ? `${JSON.stringify(inventory)}\n`
        : `${addresses(inventory)}${held.run} is up (process ${held.owner.pid}); \`regatta down\` ends it, ${logFile} tells what it does\n`)
      return ExitCode.pass
    }
    if (exit !== null) {
      done()
      process.stderr.write(lastOf(readFileSync(logFile).subarray(logFrom).toString()))
      return exit
    }
  }
}

/** Its error, in whichever form; of one that told none its last lines. */
function lastOf(log: string): string {
  const lines = log.trimEnd().split('\n')
  const error = lines.findIndex((line) => /^(RGT_[A-Z_]+: |\{"error":)/.test(line))
  return `${lines.slice(error === -1 ? -12 : error).join('\n')}\n`
}

function addresses({ entries, admin, tools, clusters = {} }: Inventory): string {
  return [
    'ways in (each through its own link):',
    ...Object.entries(entries).map(([group, list]) => `  ${group.padEnd(12)} ${list.join('  ')}`),
    'admin ports (need the token of the run):',
    ...Object.entries(admin).map(([name, address]) => `  ${name.padEnd(20)} ${address}`),
    ...Object.entries(clusters).flatMap(([region, { context, kubeconfig, ingress }], at) => [
      ...(at === 0 ? ['clusters:'] : []),
      `  ${region.padEnd(12)} kubectl --kubeconfig ${kubeconfig} --context ${context}${ingress === undefined ? '' : `   its own ingress: ${ingress}`}`,
    ]),
    ...Object.entries(tools).map(([tool, { origin, version, reason }]) => `${tool} ${version}: ${origin}${reason === undefined ? '' : ` (${reason})`}`),
    "try: curl -i -H 'host: shop.example.com' ADDRESS/catalog/items", '',
  ].join('\n')
}
