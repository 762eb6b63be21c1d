// How k6 is called: argument list and environment. The token and the addresses travel in the environment,
// because every user of the machine can read a command line.

import { streamLabel } from '../../../arrivals.ts'
import { topologyError } from '../../../errors.ts'
import type { LoadSpec } from '../../../substrate.ts'
import type { GroupEntries } from '../generator/bootstrap.ts'
import { wayInOf } from '../generator/entries.ts'

export interface K6Call {
  load: LoadSpec
  entries: Record<string, GroupEntries>
  token: string
  /** Asked by `setup`; answers when the load may start. */
  gateUrl: string
  /** Files that k6 writes. */
  consoleFile: string
  summaryFile: string
}

export interface K6Command { args: string[]; env: Record<string, string> }

/** Throws RGT_K6_RUN when the load has no suite, RGT_GENERATOR_ENTRY when a stream has nowhere to go. */
export function k6Command({ load, entries, token, gateUrl, consoleFile, summaryFile }: K6Call): K6Command {
  if (load.suite === undefined) {
    throw topologyError('RGT_K6_RUN', `load ${load.name} has no suite for k6`, { expected: 'the path of a suite in `suite`' })
  }
  return {
    args: [
      'run', '--quiet', '--no-usage-report', '--no-color', '--address', '',
      '--log-format', 'raw', '--console-output', consoleFile, '--summary-export', summaryFile, load.suite,
    ],
    env: {
      REGATTA_WAYS: JSON.stringify(waysOf(load, entries)),
      REGATTA_LOAD: JSON.stringify(load),
      REGATTA_TOKEN: token,
      REGATTA_GATE: gateUrl,
      // Fewer collections: a fifth less processor time at 150 requests/s, for some tens of megabytes.
      GOGC: '400',
      // One thread carries ten times what a drill asks for, without waking others.
      GOMAXPROCS: '1',
    },
  }
}

/** REGATTA_WAYS of a suite: by stream, where its requests go. Throws RGT_GENERATOR_ENTRY. */
export function waysOf(load: LoadSpec, entries: Record<string, GroupEntries>): Record<string, object> {
  return Object.fromEntries(load.streams.map((stream, at) => {
    const { kind, addresses, tryTimeoutMs } = wayInOf(stream, entries)
    const dialled = addresses.map(({ host, port }) => `${host}:${port}`)
    return [streamLabel(load, at), { kind, addresses: dialled, tryTimeoutMs: Math.min(tryTimeoutMs, stream.timeoutMs) }]
  }))
}
