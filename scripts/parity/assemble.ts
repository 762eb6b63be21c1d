// From the runs of all scenarios to the parity document: each substrate against the last one.

import type { ModelFile } from '../../scenarios/calibration/model-file.ts'
import { compareSides, overallParity, parityBounds } from '../../scenarios/parity/compare.ts'
import type { ParityReport } from '../../scenarios/parity/document.ts'
import { machineOf, versionsOf, wallClock } from '../../scenarios/run-machine.ts'
import { defaultModel } from '../../topologies/substrates/simulated/model.ts'
import type { PlayedScenario } from './play.ts'

export interface ParityAbout { model: ModelFile | null; kinds: readonly string[]; runsAsked: number; seed: number; fast: boolean; command: string }

export function parityReport(played: readonly PlayedScenario[], { model, kinds, runsAsked, seed, fast, command }: ParityAbout): ParityReport {
  const calibrated = model?.measured?.scenario ?? null
  const comparisons = played.flatMap(({ scenario, sides, calibratedOn }) => {
    const reference = sides.at(-1)!
    return sides.slice(0, -1).map((subject) =>
      compareSides({ scenario, subject, reference, runsAsked, calibratedOn: calibratedOn || scenario === calibrated }))
  })
  const { os, arch, cpuModel, cpus } = machineOf()
  return {
    apiVersion: 'regatta.dev/v1alpha1', kind: 'Parity', madeAt: wallClock(), command, regatta: versionsOf().regatta,
    machine: { os, arch, cpuModel, cpus }, substrates: [...kinds], runsAsked, seed, fast,
    model: { source: model?.spec.source ?? defaultModel.source, scenario: calibrated },
    bounds: parityBounds, comparisons, ...overallParity(comparisons),
  }
}
