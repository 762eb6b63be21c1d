// Linkerd's plans of the same topologies that Istio's are tried on.

import fc from 'fast-check'
import { anyRequest as anyIstio, fromCatalogue as istioFromCatalogue } from '../istio/plan.case.ts'
import type { IstioPlanRequest } from '../istio/plan.ts'
import type { LinkerdPlanRequest } from './plan.ts'
import { tunedSettings } from './plan-settings.ts'

export function linkerdOf({ topology, residency, access, trustDomain, placement, authorityOf, wayTo }: IstioPlanRequest): LinkerdPlanRequest {
  return {
    topology, residency, access, trustDomain, placement, authorityOf, settings: tunedSettings(),
    wayTo: (from, to) => { const { host, port } = wayTo(from, to); return { host, port, probePort: port + 5000 } },
  }
}

export const anyRequest: fc.Arbitrary<LinkerdPlanRequest> = anyIstio.map(linkerdOf)

export async function fromCatalogue(...which: Parameters<typeof istioFromCatalogue>): Promise<LinkerdPlanRequest> {
  return linkerdOf(await istioFromCatalogue(...which))
}
