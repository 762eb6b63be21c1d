// A finding as a scenario file of its own: what is left of the schedule, why the file exists, and how to play it.

import { join } from 'node:path'
import type { Scenario } from '../scenario.ts'
import type { Finding, SearchAsked } from './result.ts'
import { writeScenario } from './write-scenario.ts'

export interface FindingParts {
  scenario: Scenario
  asked: SearchAsked
  about: Pick<Finding, 'invariant' | 'seed' | 'text' | 'drawn' | 'faults' | 'replays' | 'minimal'>
  folder: string
}

const longestName = 63

/**
 * Without the thresholds of the scenario that was searched: under other faults they would fail for other reasons. The
 * invariants are always judged in simulation, so the file passes when the defect is gone.
 */
export function findingScenario({ scenario, asked, about, folder }: FindingParts): { file: string; content: string } {
  const { invariant, seed, text, drawn, faults, replays, minimal } = about
  const name = `${scenario.name.slice(0, longestName - invariant.length - 12)}-${invariant}-${seed}`
  const file = `${name}.yaml`
  const content = writeScenario({ ...scenario, thresholds: {}, steadyState: {} }, {
    name,
    description: `What happens: ${faults === 1 ? 'one fault' : `${faults} faults`} on the load of ${scenario.name}, found by a search with seed ${seed}.\nWhat must hold: ${invariant}. When the search ended it did not:\n${text}\n`,
    comment: [
      `Found by \`${searchCommand(asked)}\`.`,
      `Seed ${seed} broke ${invariant}. Its schedule of ${drawn} faults was shrunk to ${faults} in ${replays} replays${minimal ? '' : ', which did not reach the end'}.`,
      '',
      'Play it again, with the same outcome every time:',
      `  regatta run ${file} --on simulated --seed ${seed}`,
    ].join('\n'),
    file: join(folder, file),
  })
  return { file, content }
}

/** How to search the same again. */
export function searchCommand({ scenario, form, gateway, plant, seed, runs, keepGoing }: SearchAsked): string {
  return ['regatta search', scenario, ...(form === 'full' ? ['--full'] : []), `--seed ${seed}`,
    runs === null ? '--until-violation' : `--runs ${runs}`, ...(keepGoing ? ['--keep-going'] : []),
    ...(gateway === 'reference' ? [] : [`--gateway ${gateway}`]), ...plant.map((defect) => `--plant ${defect}`)].join(' ')
}
