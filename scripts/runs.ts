// Where runs are kept, the newest of them, and how one is judged.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { judge, verdictText } from '../scenarios/judge.ts'
import type { Verdict } from '../scenarios/verdict.ts'
import { projectRoot } from './environment.ts'

export const runsFolder = join(projectRoot, 'reports', 'runs')
export const latestRun = join(runsFolder, 'latest')

/** Judges the run in a folder and writes `verdict.json` into it. */
export async function judgeAndWrite(runDir: string): Promise<Verdict> {
  const verdict = await judge(runDir)
  writeFileSync(join(runDir, 'verdict.json'), verdictText(verdict))
  return verdict
}
