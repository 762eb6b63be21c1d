// Deliberate defects, as altered inputs of the routing core: its configuration, never its code. They prove that the
// invariants find what they are meant to find.

import type { Layout } from '../../../gateway/routing/plan.ts'
import type { HealthSettings, Snapshot } from '../../../gateway/snapshot/snapshot.ts'
import type { PlantedDefect } from '../../substrate.ts'

/** residency-as-preference: every region may serve, the allowed ones are merely asked first (ordering is not residency). */
export function plantLayout(layout: Layout, snapshot: Snapshot, defects: readonly PlantedDefect[]): Layout {
  if (!defects.includes('residency-as-preference')) return layout
  const everywhere = layout.topology.regions.length === 32 ? -1 : (1 << layout.topology.regions.length) - 1
  const plans = layout.plans.map((plan, at) => {
    const { allowed } = snapshot.routes[at].residency
    if (allowed === null) return plan
    const nearest = [...allowed]
      .map((name) => layout.regionIndex.get(name) ?? -1)
      .filter((region) => region !== -1)
      .sort((a, b) => layout.topology.regions[a].priorRttUs - layout.topology.regions[b].priorRttUs || a - b)
    return { ...plan, regionMask: everywhere, prefer: Int32Array.from(plan.prefer.length > 0 ? plan.prefer : nearest) }
  })
  return { ...layout, plans }
}

export function plantHealth(health: HealthSettings, defects: readonly PlantedDefect[]): HealthSettings {
  const retry = defects.includes('retries-unbounded') ? { ...health.retry, budgetShare: 1e6, minPerSecond: 1e6 } : health.retry
  const recovery = defects.includes('never-recovers') ? { ...health.recovery, successes: 1e9 } : health.recovery
  return { ...health, retry, recovery }
}
