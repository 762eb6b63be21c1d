// Where runs are kept, and the newest of them.

import { join } from 'node:path'
import { projectRoot } from './environment.ts'

export const runsFolder = join(projectRoot, 'reports', 'runs')
export const latestRun = join(runsFolder, 'latest')
