// Where runs are kept: a folder each, `latest` beside them, and how one is judged.

import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { judge, verdictText } from '../scenarios/judge.ts'
import type { Verdict } from '../scenarios/verdict.ts'
import { commandError } from './errors.ts'
import { projectRoot } from './environment.ts'

export const runsFolder = join(projectRoot, 'reports', 'runs')
export const latestRun = join(runsFolder, 'latest')

/** Judges the run in a folder and writes `verdict.json` into it. Throws RGT_RUN_FOLDER, RGT_COMMAND_WRITE. */
export async function judgeAndWrite(runDir: string): Promise<Verdict> {
  const verdict = await judge(runDir)
  writable(join(runDir, 'verdict.json'), (file) => writeFileSync(file, verdictText(verdict)))
  return verdict
}

/** Makes `20261123T101502-regional-outage` in `out`, with a number behind when that is taken. Throws RGT_COMMAND_WRITE. */
export function newRunFolder(out: string, scenario: string, now = new Date()): string {
  const stamp = now.toISOString().replaceAll(/[-:]/g, '').slice(0, 15)
  writable(out, () => mkdirSync(out, { recursive: true }))
  for (let count = 0; ; count++) {
    const path = join(out, `${stamp}-${scenario}${count === 0 ? '' : `-${count}`}`)
    try {
      mkdirSync(path)
      return path
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw refused(path, error)
    }
  }
}

/** `latest` moves in one step, so that runs beside each other never find it missing. Throws RGT_COMMAND_WRITE. */
export function pointLatest(out: string, runDir: string): void {
  const next = join(out, `.latest-${process.pid}`)
  writable(join(out, 'latest'), (link) => {
    rmSync(next, { force: true })
    symlinkSync(basename(runDir), next, 'dir')
    try {
      renameSync(next, link)
    } finally {
      rmSync(next, { force: true })
    }
  })
}

/** Writes, and says in our words why it could not. */
export function writable<T>(path: string, write: (path: string) => T): T {
  try {
    return write(path)
  } catch (error) {
    throw refused(path, error)
  }
}

function refused(path: string, cause: unknown): Error {
  return commandError(`${path} cannot be written`, { found: (cause as Error).message, cause }, 'RGT_COMMAND_WRITE')
}
