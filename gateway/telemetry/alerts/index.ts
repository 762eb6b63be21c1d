// The registry of rule kinds of AlertPolicies: kind = file name = key. A new kind is one file and one line here; the schema
// of AlertPolicy, its CRD and what is generated for Prometheus and Grafana follow.

import { burnRate } from './burn-rate.ts'
import { certificateExpiry } from './certificate-expiry.ts'
import { credentialFailures } from './credential-failures.ts'
import { failoverStorm } from './failover-storm.ts'
import type { AlertKind } from './kind.ts'
import { residencyDenials } from './residency-denials.ts'
import { retryStorm } from './retry-storm.ts'
import { samplingBudget } from './sampling-budget.ts'

export const alertKinds = {
  'burn-rate': burnRate,
  'certificate-expiry': certificateExpiry,
  'credential-failures': credentialFailures,
  'failover-storm': failoverStorm,
  'residency-denials': residencyDenials,
  'retry-storm': retryStorm,
  'sampling-budget': samplingBudget,
} satisfies Record<string, AlertKind>

export type AlertKindName = keyof typeof alertKinds
export const alertKindNames = Object.keys(alertKinds) as AlertKindName[]

/** The kind of a rule that was validated, with its types laid aside. */
export function alertKindOf(kind: string): AlertKind {
  return alertKinds[kind as AlertKindName] as unknown as AlertKind
}
