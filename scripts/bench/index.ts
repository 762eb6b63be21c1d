// The benchmarks. Kind name = file name = registry key.

import type { Bench } from './bench.ts'
import { dataplane } from './dataplane.ts'
import { decision } from './decision.ts'
import { failover } from './failover.ts'
import { mesh } from './mesh.ts'
import { routing } from './routing.ts'
import { simulation } from './simulation.ts'
import { telemetry } from './telemetry.ts'

export const benches = { decision, routing, dataplane, failover, mesh, simulation, telemetry } as const satisfies Record<string, Bench>
