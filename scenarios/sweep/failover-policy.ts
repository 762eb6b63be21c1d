// Settings of detection and failover as the gateway configuration states them: our FailoverPolicy. An axis changes
// the policy that is in force, and leaves everything else that the policy says as it is.

import { formatDuration } from '../../gateway/config/duration.ts'
import type { ConfigDocument } from '../../topologies/substrate.ts'
import { documentsOf, withDocuments, type Subject } from './subject.ts'

interface PolicySpec { targetRefs: { kind: string; name: string }[]; maxAttempts?: number; health?: Record<string, unknown> }

/** Sets `health.SECTION.FIELD` (or `health.FIELD`, without a section) of the policies on Gateways; milliseconds become durations. */
export function withHealth(subject: Subject, path: readonly string[], value: number | { ms: number }): Subject {
  const written = typeof value === 'number' ? value : formatDuration(value.ms * 1000)
  return withDocuments(subject, policiesOnGateways(subject).map((policy) => edited(policy, (spec) => {
    spec.health = setAt(spec.health ?? {}, path, written)
  })))
}

/** Sets upstream attempts of a request for every route: where a policy states its own number, there too. */
export function withMaxAttempts(subject: Subject, attempts: number): Subject {
  const own = failoverPolicies(subject).filter((policy) => specOf(policy).maxAttempts !== undefined)
  const policies = new Set([...policiesOnGateways(subject), ...own])
  return withDocuments(subject, [...policies].map((policy) => edited(policy, (spec) => { spec.maxAttempts = attempts })))
}

/** Those whose every target is a Gateway: health may stand nowhere else. One is added where there is none. */
function policiesOnGateways(subject: Subject): ConfigDocument[] {
  const found = failoverPolicies(subject).filter((policy) => specOf(policy).targetRefs.every(({ kind }) => kind === 'Gateway'))
  if (found.length > 0) return found
  const gateways = documentsOf(subject).filter(({ kind }) => kind === 'Gateway')
  return gateways.map(({ metadata: { name, namespace } }): ConfigDocument => ({
    apiVersion: 'regatta.dev/v1alpha1', kind: 'FailoverPolicy', metadata: { name: `sweep-${name}`, ...(namespace === undefined ? {} : { namespace }) },
    spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name }] },
  }))
}

function failoverPolicies(subject: Subject): ConfigDocument[] {
  return documentsOf(subject).filter(({ kind }) => kind === 'FailoverPolicy')
}

function specOf(policy: ConfigDocument): PolicySpec {
  return policy.spec as PolicySpec
}

function edited(policy: ConfigDocument, edit: (spec: PolicySpec) => void): ConfigDocument {
  const copy = structuredClone(policy)
  edit(specOf(copy))
  return copy
}

function setAt(record: Record<string, unknown>, [key, ...rest]: readonly string[], value: unknown): Record<string, unknown> {
  return { ...record, [key]: rest.length === 0 ? value : setAt((record[key] ?? {}) as Record<string, unknown>, rest, value) }
}
