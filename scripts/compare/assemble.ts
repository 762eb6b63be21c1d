// From the runs of all variants to the document of the comparison.

import { compareVariants, lastOfRounds, refuseUnlike, summarise } from '../../scenarios/compare/compare.ts'
import type { Comparison } from '../../scenarios/compare/document.ts'
import { level, resamples } from '../../scenarios/parity/bootstrap.ts'
import { versionsOf, wallClock } from '../../scenarios/run-machine.ts'
import { worst } from '../exit.ts'
import type { PlayedVariants } from './play.ts'

/** At least one run. Throws RGT_COMPARE_RUNS. */
export function comparison({ variants: played, records }: PlayedVariants, command: string): Comparison {
  refuseUnlike(records)
  const [{ machine: { os, arch, cpuModel, cpus }, plan, substrate }] = records
  const variants = compareVariants(played, plan.topology.clients.map(({ name }) => name))
  const runs = played.flatMap((variant) => variant.runs)
  return {
    apiVersion: 'regatta.dev/v1alpha1', kind: 'Comparison', madeAt: wallClock(), command, regatta: versionsOf().regatta,
    scenario: plan.scenario.name, topology: plan.topology.name, substrate, machine: { os, arch, cpuModel, cpus },
    rounds: Math.max(...runs.map(({ round }) => round)), seed: Math.min(...runs.map(({ seed }) => seed)),
    affectedGroups: plan.affectedGroups, level, resamples, variants,
    exitCode: worst(played.flatMap((variant) => lastOfRounds(variant.runs).map(({ exitCode }) => exitCode))),
    summary: summarise(variants),
  }
}
