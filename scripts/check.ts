// `npm run check`: what can be said of the code without running it: types, lint, the style of the house, and whether
// derived files are current. A few seconds, for before a commit.

import { outliveReaders, endProcess } from './exit.ts'
import { play, staticSteps, vitestStep } from './steps.ts'

outliveReaders()
const results = [...staticSteps, vitestStep(['scripts/tidy', 'scripts/generate'])].map((step) => play(step))
await endProcess(results.every((well) => well) ? 0 : 1)
