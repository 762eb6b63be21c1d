// The program of a sweep's worker threads.

import { serveJobs } from '../workers/serve.ts'
import { playTrial } from './play-trial.ts'
import type { Trial, TrialJob } from './trial.ts'

serveJobs<TrialJob, Trial>(playTrial)
