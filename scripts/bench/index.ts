// The benchmarks. Kind name = file name = registry key.

import type { Bench } from './bench.ts'
import { decision } from './decision.ts'

export const benches = { decision } as const satisfies Record<string, Bench>
