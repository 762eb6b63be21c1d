// Program of the worker threads of `regatta search`: trials on the simulated substrate.

import { findSubstrate } from '../../topologies/substrates/index.ts'
import { serveTrials } from './serve-trials.ts'

serveTrials(findSubstrate('simulated'))
