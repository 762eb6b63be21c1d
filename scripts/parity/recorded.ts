// The runs of an earlier comparison, read back from its folder: comparing needs nothing else.

import { join } from 'node:path'
import { runFigures } from '../../scenarios/parity/run-figures.ts'
import { nothingRecorded, recordedRuns } from '../played.ts'
import type { PlayedScenario } from './play.ts'

/** By scenario in the order of names, runs by name. Throws RGT_COMMAND_FILE when the folder holds no runs of these substrates. */
export async function recordedSides(folder: string, kinds: readonly string[]): Promise<PlayedScenario[]> {
  const played = new Map<string, PlayedScenario>()
  let count = 0
  for await (const { name, record, history, verdict } of recordedRuns(folder)) {
    count++
    const figures = runFigures(record, history, verdict)
    const entry = played.get(figures.scenario)
      ?? { scenario: figures.scenario, calibratedOn: false, sides: kinds.map((substrate) => ({ substrate, runs: [], folders: [] })) }
    const side = entry.sides.find(({ substrate }) => substrate === record.substrate)
    side?.runs.push(figures)
    side?.folders.push(join('runs', name))
    played.set(figures.scenario, entry)
  }
  if ([...played.values()].some(({ sides }) => sides.some((side) => side.runs.length > 0))) return [...played.values()]
  throw nothingRecorded(folder, `a folder that \`regatta parity\` left, with runs on ${kinds.join(' and ')}`, `${count} runs`)
}
