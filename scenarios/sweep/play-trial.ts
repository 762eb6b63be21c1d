// Plays one cell's run in simulation, judges it from its folder like any other, and leaves nothing behind.

import { rmSync } from 'node:fs'
import { findSubstrate } from '../../topologies/substrates/index.ts'
import { judge } from '../judge.ts'
import { run } from '../run.ts'
import { failedTrial, trialOf, type Trial, type TrialJob } from './trial.ts'

/** A run that fails is a trial with its error. Throws what `run` throws before it has begun. */
export async function playTrial({ scenario, topology, seed, runDir, keep, command }: TrialJob): Promise<Trial> {
  try {
    const record = await run({
      scenario, topology, seed, runDir, command, substrate: findSubstrate('simulated'),
      tools: { allowEmbedded: true, allowInstall: false }, options: { gateway: 'reference' },
      signal: new AbortController().signal,
    })
    return record.error === null ? trialOf(record, await judge(runDir)) : failedTrial(seed, record.error)
  } finally {
    if (!keep) rmSync(runDir, { recursive: true, force: true })
  }
}
