// Checks of the whole house that are programs of their own, run one after another with their output shown.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { projectRoot } from './environment.ts'

export interface Step { name: string; program: string; args: readonly string[] }

export const staticSteps: readonly Step[] = [
  { name: 'types', program: 'typescript/bin/tsc', args: ['--noEmit', '-p', '.'] },
  { name: 'lint', program: 'oxlint/bin/oxlint', args: ['--deny-warnings', 'gateway', 'topologies', 'scenarios', 'reports', 'scripts'] },
]

export function vitestStep(args: readonly string[]): Step {
  return { name: 'tests', program: 'vitest/vitest.mjs', args: ['run', ...args] }
}

/** Plays a step with this Node; colours only where a person looks. Returns whether it went well. */
export function play({ name, program, args }: Step, environment: Record<string, string> = {}): boolean {
  const { FORCE_COLOR: _forced, ...inherited } = process.env
  const colours = process.stdout.isTTY ? {} : { NO_COLOR: '1' }
  const { status, signal, error } = spawnSync(process.execPath, [join(projectRoot, 'node_modules', program), ...args], {
    cwd: projectRoot, stdio: ['ignore', 'inherit', 'inherit'], env: { ...(process.stdout.isTTY ? process.env : inherited), ...colours, ...environment },
  })
  if (status !== 0) process.stdout.write(`${name} failed${signal === null ? '' : ` (${signal})`}${error === undefined ? '' : `: ${error.message}`}\n`)
  return status === 0
}
