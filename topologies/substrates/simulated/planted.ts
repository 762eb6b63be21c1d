// Deliberate defects, as altered inputs of the routing core: its configuration, never its code. They prove that the
// invariants find what they are meant to find.

import type { Layout } from '../../../gateway/routing/plan.ts'
import type { HealthSettings, Snapshot } from '../../../gateway/snapshot/snapshot.ts'
import type { PlantedDefect } from '../../substrate.ts'

/** residency-as-preference: every region may serve, the allowed ones are merely asked first (ordering is not residency). */
export function plantLayout(layout: Layout, snapshot: Snapshot, defects: readonly PlantedDefect[]): Layout {
  if (!defects.includes('residency-as-preference')) return layout
  const { regions } = layout.topology
  const everywhere = regions.length === 32 ? -1 : (1 << regions.length) - 1
  const byNearness = [...regions.keys()].sort((a, b) => regions[a].priorRttUs - regions[b].priorRttUs || a - b)
  const plans = layout.plans.map((plan, at) => {
    if (snapshot.routes[at].residency.allowed === null) return plan
    // What the route itself prefers comes first, as long as it is allowed: in peace nothing must give the defect away.
    const allowed = [...plan.prefer, ...byNearness].filter((region) => (plan.regionMask & (1 << region)) !== 0)
    return { ...plan, regionMask: everywhere, prefer: Int32Array.from(new Set(allowed)) }
  })
  return { ...layout, plans }
}

/**
 * retries-unbounded: a budget so large that it never says no. never-recovers: more successes than a run can have.
 * Both leave everything else as the policy says it.
 */
export function plantHealth(health: HealthSettings, defects: readonly PlantedDefect[]): HealthSettings {
  const retry = defects.includes('retries-unbounded') ? { ...health.retry, budgetShare: 1e6, minPerSecond: 1e6 } : health.retry
  const recovery = defects.includes('never-recovers') ? { ...health.recovery, successes: 1e9 } : health.recovery
  return { ...health, retry, recovery }
}
