// Starts a child process of a run as the substrate does (bootstrap file, reports on standard output, ends
// with standard input), for tests of the services and the generator.

import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TestChild {
  lines: string[]
  stderr: string[]
  exited: Promise<number | null>
  say(line: string): void
  /** The first line that fits; rejects when the process ends without one. */
  line(fits: (line: string) => boolean): Promise<string>
  stop(): Promise<number | null>
  kill(signal: NodeJS.Signals): void
}

export function startChild(main: string, bootstrap: unknown): TestChild {
  const folder = mkdtempSync(join(tmpdir(), 'regatta-child-'))
  const file = join(folder, 'bootstrap.json')
  writeFileSync(file, JSON.stringify(bootstrap))
  const child = spawn(process.execPath, [main, file], { stdio: ['pipe', 'pipe', 'pipe'] })
  const lines: string[] = []
  const stderr: string[] = []
  const waiting = new Set<() => void>()
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n')
    rest = parts.pop()!
    lines.push(...parts)
    for (const look of waiting) look()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => stderr.push(chunk))
  child.stdin.on('error', () => {})
  let ended = false
  const exited = new Promise<number | null>((resolve) => child.on('close', (code) => {
    ended = true
    rmSync(folder, { recursive: true, force: true })
    for (const look of waiting) look()
    resolve(code)
  }))
  return {
    lines, stderr, exited,
    say: (line) => void child.stdin.write(`${line}\n`),
    line: (fits) => new Promise((resolve, reject) => {
      const look = (): void => {
        const found = lines.find(fits)
        if (found === undefined && !ended) return
        waiting.delete(look)
        if (found === undefined) reject(new Error(`the process ended first: ${stderr.join('')}`))
        else resolve(found)
      }
      waiting.add(look)
      look()
    }),
    stop: () => {
      child.stdin.end()
      return exited
    },
    kill: (signal) => void child.kill(signal),
  }
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => new Promise<ReturnType<typeof createServer>>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server))
  })))
  const ports = servers.map((server) => (server.address() as { port: number }).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}

export const isReady = (line: string): boolean => line.includes('"kind":"ready"')
