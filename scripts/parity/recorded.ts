// The runs of an earlier comparison, read back from its folder: comparing needs nothing else.

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readHistory } from '../../topologies/history/read.ts'
import { judgeHistory } from '../../scenarios/judge.ts'
import { runFigures } from '../../scenarios/parity/run-figures.ts'
import { readRun } from '../../scenarios/read-run.ts'
import { runFile } from '../../scenarios/run-record.ts'
import { commandError } from '../errors.ts'
import type { PlayedScenario } from './play.ts'

/** By scenario in the order of names, runs by name. Throws RGT_COMMAND_FILE when the folder holds no runs of these substrates. */
export async function recordedSides(folder: string, kinds: readonly string[]): Promise<PlayedScenario[]> {
  const runs = join(folder, 'runs')
  const names = existsSync(runs) ? readdirSync(runs).filter((name) => existsSync(join(runs, name, runFile))).sort() : []
  const played = new Map<string, PlayedScenario>()
  for (const name of names) {
    const [record, history] = [await readRun(join(runs, name)), readHistory(join(runs, name))]
    const figures = runFigures(record, history, judgeHistory(record, history))
    const entry = played.get(figures.scenario)
      ?? { scenario: figures.scenario, calibratedOn: false, sides: kinds.map((substrate) => ({ substrate, runs: [], folders: [] })) }
    const side = entry.sides.find(({ substrate }) => substrate === record.substrate)
    side?.runs.push(figures)
    side?.folders.push(join('runs', name))
    played.set(figures.scenario, entry)
  }
  if ([...played.values()].some(({ sides }) => sides.some((side) => side.runs.length > 0))) return [...played.values()]
  throw commandError(`${folder} holds no runs to compare`, {
    expected: `a folder that \`regatta parity\` left, with runs on ${kinds.join(' and ')}`, found: `${names.length} runs`,
  }, 'RGT_COMMAND_FILE')
}
