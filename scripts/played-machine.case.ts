// A machine for clusters that a test plays: a docker and a kind command that answer as they are told, and well where
// nothing is told, up to the moment when a cluster would be made. The command line on it is the real one.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { claimFile } from '../topologies/substrates/sockets/ownership.ts'
import { fakeCommand, type Answer, type FakeCommand } from '../topologies/substrates/kind/docker/fake.case.ts'
import { makeSandbox, type Ended, type Sandbox } from './regatta.case.ts'
import { runsFolder } from './runs.ts'
import { writeSmall, type Small } from './small.case.ts'

/** What decides where clusters come from, and is not to come from whoever runs the test. */
const ambient = [
  'DOCKER_HOST', 'KUBECONFIG', 'REGATTA_KIND_NODE_IMAGE', 'REGATTA_GATEWAY_BASE_IMAGE', 'REGATTA_GATEWAY_IMAGE', 'REGATTA_TESTBED_IMAGE', 'REGATTA_TOOL_TOXIPROXY',
]

/** The container of the fault proxy answers from the process that would follow its log, and ends when nobody listens. */
const faultProxy = `exec '${process.execPath}' -e '${[
  'const parent = process.ppid', 'setInterval(() => process.ppid === parent || process.exit(), 100)',
  'require("http").createServer((_, answer) => answer.end(JSON.stringify({ version: "2.12.0" }))).listen(+process.argv[1], "127.0.0.1")',
].join('; ')}'`

const goodDocker: Answer[] = [
  { when: '--version', stdout: 'Docker version 28.0.1, build 068a01e\n' },
  { when: '*info*', stdout: JSON.stringify({ ServerVersion: '28.0.1', MemTotal: 64 * 1024 ** 3, NCPU: 4 }) },
  { when: 'image inspect*', stdout: 'sha256:0123456789abcdef\n' },
  { when: 'create --name*-links *', does: 'for one; do case "$one" in 127.0.0.1:*:8474) one=${one#*:}; echo ${one%:*} > $FOLDER/port;; esac; done' },
  { when: 'create*', stdout: 'tried\n' },
  { when: 'start --attach*', stdout: 'v24.1.0\n' },
  { when: 'inspect*NetworkSettings*', does: 'for last; do :; done; echo "{\\"${last%-links}\\":{\\"IPAddress\\":\\"198.51.100.2\\"}}"' },
  { when: 'logs --follow*', does: `${faultProxy} $(cat $FOLDER/port) $FOLDER` },
  { when: 'inspect*Running*', stdout: 'false\n' },
]
const goodKind: Answer[] = [{ when: 'version', stdout: 'kind v0.33.0 go1.26.8 linux/amd64\n' }]

export interface PlayedMachine {
  sandbox: Sandbox
  small: Small
  docker: FakeCommand
  kind: FakeCommand
  /** `regatta run` of a quiet scenario on clusters; its record beside it. */
  run(...args: string[]): Promise<Ended & { record: Record<string, unknown> }>
  up(...args: string[]): Promise<Ended>
  /** Claims, processes, scratch folders and records of what never was up. */
  left(): string[]
}

export interface PlayedMachineOptions { docker?: Answer[]; kind?: Answer[]; variables?: Record<string, string>; regions?: number }

export function playMachine({ docker: dockerAnswers = [], kind: kindAnswers = [], variables = {}, regions = 1 }: PlayedMachineOptions = {}): PlayedMachine {
  const docker = fakeCommand('docker', [...dockerAnswers, ...goodDocker])
  const kind = fakeCommand('kind', [...kindAnswers, ...goodKind])
  const sandbox = makeSandbox({
    ...Object.fromEntries(ambient.map((name) => [name, undefined])), REGATTA_TOOL_DOCKER: docker.path, REGATTA_TOOL_KIND: kind.path, ...variables,
  })
  const small = writeSmall(sandbox.folder, { regions })
  const out = join(sandbox.folder, 'runs')
  return {
    sandbox, small, docker, kind,
    async run(...args) {
      const ended = await sandbox.regatta('run', small.scenario, '--on', 'kind', '--no-install', '--json', '--out', out, ...args)
      return { ...ended, record: JSON.parse(readFileSync(join(out, 'latest', 'run.json'), 'utf8')) as Record<string, unknown> }
    },
    up: (...args) => sandbox.regatta('up', small.topology, '--on', 'kind', '--no-install', '--json', ...args),
    left: () => [
      ...inFolder(join(sandbox.folder, claimsFolder), '.json'),
      ...processesWith(sandbox.folder), ...[docker, kind].flatMap(({ folder }) => processesWith(folder)),
      ...(existsSync(out) ? readdirSync(out).flatMap((run) => inFolder(join(out, run), 'work')) : []),
      ...inFolder(runsFolder, '').filter((name) => name.startsWith(`up-${small.name}-`)),
    ],
  }
}

/** Below the temporary folder, whichever that is. */
const claimsFolder = claimFile('x').split('/').slice(-3, -1).join('/')

const inFolder = (folder: string, ending: string): string[] => (existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(ending)) : [])

/** Command lines that hold a text. */
export function processesWith(text: string): string[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n').filter((line) => line.includes(text))
}

/** The coded errors that a command told on standard error with --json. */
export function errorsOf({ err }: Ended): Record<string, string>[] {
  return err.split('\n').filter((line) => line.startsWith('{"error"')).map((line) => (JSON.parse(line) as { error: Record<string, string> }).error)
}
