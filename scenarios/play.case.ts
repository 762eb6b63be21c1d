// Plays a scenario in simulation into a folder and judges it: for tests, in this thread, in another, or as a process
// of its own (`node play.case.ts FOLDER SCENARIO SEED short|long`).

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isMainThread, workerData } from 'node:worker_threads'
import { simulatedSubstrate } from '../topologies/substrates/simulated/simulated.ts'
import { judge, verdictText } from './judge.ts'
import { loadScenarioAndTopology } from './load-scenario.ts'
import { run } from './run.ts'
import type { RunRecord } from './run-record.ts'
import type { Verdict } from './verdict.ts'

export interface Played { record: RunRecord; verdict: Verdict }

export async function playSimulated(runDir: string, nameOrPath: string, seed = 1, short = true): Promise<Played> {
  const { scenario, topology } = await loadScenarioAndTopology(nameOrPath, { fast: short })
  const record = await run({
    scenario, topology, seed, runDir, substrate: simulatedSubstrate, tools: { allowEmbedded: true, allowInstall: false },
    options: { gateway: 'reference' }, signal: new AbortController().signal, command: 'test',
  })
  const verdict = await judge(runDir)
  writeFileSync(join(runDir, 'verdict.json'), verdictText(verdict))
  return { record, verdict }
}

const asked: [string, string, string] | null = isMainThread
  ? (process.argv[1] === import.meta.filename ? process.argv.slice(2, 5) as [string, string, string] : null)
  : (workerData as { play?: [string, string, string] } | null)?.play ?? null
if (asked !== null) {
  const [runDir, name, seed] = asked
  await playSimulated(runDir, name, Number(seed))
}
