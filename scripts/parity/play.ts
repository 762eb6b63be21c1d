// Plays every scenario on every substrate, one run after another and interleaved, so that whatever drifts on the machine
// meets all sides alike. A run without room is repeated, up to a bound.

import { join } from 'node:path'
import type { Substrate } from '../../topologies/substrate.ts'
import type { ModelFile } from '../../scenarios/calibration/model-file.ts'
import { runFigures, type RunFigures } from '../../scenarios/parity/run-figures.ts'
import { explicitTools } from '../environment.ts'
import { clustersFor, type TypedClusters } from '../clusters.ts'
import { simulationWith } from '../model.ts'
import { inWords, playJudged, whileCrowded } from '../played.ts'
import type { ParityScenario } from './choose.ts'

export interface ParityRequest {
  scenarios: readonly ParityScenario[]
  /** The last is the reference. */
  substrates: readonly Substrate[]
  runs: number
  /** Repeats a scenario and substrate. */
  retries: number
  seed: number
  model: ModelFile | null
  /** Existing clusters for `kind`, as typed. */
  clusters: TypedClusters
  /** Run folders go below `runs/` in it. */
  folder: string
  install: boolean
  /** As typed, to do a single run again. */
  flags: readonly string[]
  signal: AbortSignal
  say(text: string): void
}

/** All runs of one scenario, by substrate in the order of the request. */
export interface PlayedScenario { scenario: string; calibratedOn: boolean; sides: { substrate: string; runs: RunFigures[]; folders: string[] }[] }

/** Gives what there is when it is interrupted. */
export async function playAll(request: ParityRequest): Promise<PlayedScenario[]> {
  const { scenarios, substrates, runs, signal } = request
  const played = scenarios.map(({ scenario, calibratedOn }): PlayedScenario => ({
    scenario: scenario.name, calibratedOn, sides: substrates.map(({ kind }) => ({ substrate: kind, runs: [], folders: [] })),
  }))
  const all = runs * scenarios.length * substrates.length
  let number = 0
  for (let index = 0; index < runs; index++) {
    for (const [at, scenario] of scenarios.entries()) {
      for (const [on, substrate] of substrates.entries()) {
        if (signal.aborted) return played
        const side = played[at].sides[on]
        await playOne(request, scenario, substrate, request.seed + index, side, `${++number}/${all}`)
      }
    }
  }
  return played
}

async function playOne(
  request: ParityRequest, scenario: ParityScenario, substrate: Substrate, seed: number, side: PlayedScenario['sides'][number], number: string,
): Promise<void> {
  await whileCrowded({
    runs: side.runs, retries: substrate.time === 'real' ? request.retries : 0, signal: request.signal,
    play(repeat) {
      const name = `${scenario.scenario.name}-${substrate.kind}-${seed}${repeat === 0 ? '' : `-${repeat}`}`
      side.folders.push(join('runs', name))
      return playRun(request, scenario, substrate, seed, name)
    },
    told: (figures, again) => request.say(`${number} ${scenario.scenario.name} on ${substrate.kind}, seed ${seed}: ${inWords(figures)}${again ? '; again' : ''}`),
  })
}

async function playRun(request: ParityRequest, { given, scenario, topology }: ParityScenario, substrate: Substrate, seed: number, name: string): Promise<RunFigures> {
  const simulation = simulationWith(request.model)
  const { record, history, verdict } = await playJudged({
    scenario, topology, seed, substrate, runDir: join(request.folder, 'runs', name), signal: request.signal,
    tools: { allowEmbedded: true, allowInstall: request.install, explicit: explicitTools() },
    options: { gateway: 'reference', clusters: clustersFor(request.clusters, request.substrates.map(({ kind }) => kind), topology), ...(simulation === undefined ? {} : { simulation }) },
    command: ['regatta run', given, `--on ${substrate.kind} --seed ${seed}`, ...request.flags].join(' '),
  })
  return runFigures(record, history, verdict)
}
