// The worker's side of a search: trials of one substrate.

import type { Substrate } from '../../topologies/substrate.ts'
import { serveJobs } from '../workers/serve.ts'
import { playTrial, type TrialGround, type TrialJob, type TrialResult } from './trial.ts'

export function serveTrials(substrate: Substrate): void {
  serveJobs<TrialJob, TrialResult, TrialGround>((job, ground) => playTrial(ground, job, substrate))
}
