// The load of the data-plane benchmark: wrk where it is, otherwise autocannon. Both are closed-loop, which is right
// here: what is asked is how much one core carries, not how long a request takes.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { projectRoot } from '../environment.ts'

const run = promisify(execFile)

export interface LoadResult { requests: number; requestsPerSecond: number; errors: number }

export interface Client {
  name: string
  load(url: string, host: string, seconds: number): Promise<LoadResult>
}

const connections = 64

/** First file of that name in PATH. */
export function inPath(name: string): string | null {
  return (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null
}

/** `pin` is put before the command, to hold it to a core. */
export function openClient(pin: string[]): Client {
  const wrk = inPath('wrk')
  return wrk === null ? autocannon(pin) : withWrk(wrk, pin)
}

function withWrk(path: string, pin: string[]): Client {
  return {
    name: 'wrk',
    async load(url, host, seconds) {
      const [command, ...args] = [...pin, path, '-t1', `-c${connections}`, `-d${seconds}s`, '-H', `Host: ${host}`, url]
      return parseWrk((await run(command, args)).stdout)
    },
  }
}

/** Throws when the text is not wrk's: a figure is never made up. */
export function parseWrk(text: string): LoadResult {
  const total = /(\d+) requests in/.exec(text)
  const rate = /Requests\/sec:\s*([\d.]+)/.exec(text)
  if (total === null || rate === null) throw new Error(`wrk printed something else: ${text.slice(0, 300)}`)
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(text)
  const broken = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text)
  const errors = Number(refused?.[1] ?? 0) + (broken?.slice(1).reduce((sum, count) => sum + Number(count), 0) ?? 0)
  return { requests: Number(total[1]), requestsPerSecond: Number(rate[1]), errors }
}

function autocannon(pin: string[]): Client {
  return {
    name: 'autocannon',
    async load(url, host, seconds) {
      const script = join(projectRoot, 'node_modules', 'autocannon', 'autocannon.js')
      const [command, ...args] = [...pin, process.execPath, script, '-j', '-c', String(connections), '-d', String(seconds), '-H', `Host=${host}`, url]
      const { requests, errors, timeouts, non2xx } = JSON.parse((await run(command, args)).stdout) as {
        requests: { total: number; average: number }; errors: number; timeouts: number; non2xx: number
      }
      return { requests: requests.total, requestsPerSecond: requests.average, errors: errors + timeouts + non2xx }
    },
  }
}
