// What tests of processes share: scratch folders, small programs run by Node itself, and whether a process lives.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { identify } from './ownership.ts'

const folders: string[] = []
const programs: ChildProcess[] = []

export function scratch(): string {
  const folder = mkdtempSync(join(tmpdir(), 'regatta-local-'))
  folders.push(folder)
  return folder
}

/** Ends what the tests of a file started and removes what they made. */
export function cleanUp(): void {
  for (const program of programs) if (program.exitCode === null && program.signalCode === null) program.kill('SIGKILL')
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}

/** Runs source code in a process of its own and gives what its first line of output says. It may import from here by `local(file)`. */
export async function runProgram<T>(source: (local: (file: string) => string) => string): Promise<{ child: ChildProcess; said: T }> {
  const file = join(scratch(), 'program.ts')
  writeFileSync(file, source((name) => JSON.stringify(join(import.meta.dirname, name))))
  const child = spawn(process.execPath, [file], { stdio: ['pipe', 'pipe', 'pipe'] })
  programs.push(child)
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => { errors += chunk.toString() })
  const line = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', resolve)
    child.once('exit', (code, signal) => reject(new Error(`the program ended with ${code ?? signal}: ${errors}`)))
  })
  return { child, said: JSON.parse(line) as T }
}

export function gone(child: ChildProcess): Promise<void> {
  return child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise((resolve) => child.once('exit', () => resolve()))
}

export const lives = (pid: number): boolean => identify(pid) !== null

/** State letter of proc(5): T = stopped. Linux only. */
export function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2)[0]
}
