// Which sampling policy held for a request when it was sent: by the variant of its block, and by the route that its template
// meets. Told by the configuration alone, so that no gateway is asked what it ought to have kept.

import type { RouteSampling } from '../../gateway/snapshot/snapshot.ts'
import { overlay } from '../overlay.ts'
import type { PlannedBlock } from '../scenario.ts'
import type { JudgeContext } from './context.ts'
import { routesOf } from './routes.ts'

export interface SamplingInForce {
  /** Null: none is attached, or the template meets no route. `variant` null: before the blocks, or there are none. */
  of(variant: string | null, template: string): RouteSampling | null
  /** Of any template. */
  some(variant: string | null, is: (sampling: RouteSampling) => boolean): boolean
  /** `namespace/route/rule` that a template meets; '' = none. */
  route(template: string): string
}

const known = new WeakMap<JudgeContext, SamplingInForce>()

/** Throws when run.json does not hold the configuration, or holds one that does not compile. */
export function samplingOf(context: JudgeContext): SamplingInForce {
  const made = known.get(context) ?? read(context)
  known.set(context, made)
  return made
}

function read({ run, plan }: JudgeContext): SamplingInForce {
  if (run.config === undefined) throw new Error('run.json does not hold the configuration')
  const templates = new Map(plan.loads.flatMap(({ streams }) => streams.flatMap((stream) => stream.templates)).map((template) => [template.name, template]))
  const layers: [string | null, typeof run.config][] = [[null, []], ...(plan.scenario.blocks?.variants ?? []).map(({ name, config }): [string, typeof config] => [name, config])]
  const routes = new Map<string, string>()
  const policies = new Map(layers.map(([variant, config]) => {
    const routeOf = routesOf(overlay(run.config!, config), plan.topology)
    return [variant, new Map([...templates].map(([name, template]) => {
      const route = routeOf(template)
      routes.set(name, route?.id ?? '')
      return [name, route?.sampling ?? null]
    }))]
  }))
  return {
    of: (variant, template) => policies.get(variant)?.get(template) ?? null,
    some: (variant, is) => [...policies.get(variant)?.values() ?? []].some((sampling) => sampling !== null && is(sampling)),
    route: (template) => routes.get(template) ?? '',
  }
}

/** The block that holds at a time; null outside all. After the last one its variant stays in force. */
export function blockAt({ plan }: JudgeContext, atUs: number): PlannedBlock | null {
  return plan.blocks?.findLast(({ fromUs }) => atUs >= fromUs) ?? null
}

/** When what a request leaves behind counts: all of the run where the configuration does not alternate, else what counts of a block. */
export function counted({ plan }: JudgeContext, fromUs: number, toUs: number, variant?: string): boolean {
  if (plan.blocks === undefined) return variant === undefined
  return plan.blocks.some((block) => (variant === undefined || block.variant === variant) && fromUs >= block.settledUs && toUs < block.toUs)
}
