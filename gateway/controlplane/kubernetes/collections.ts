// What a control plane reads of an API server: where each kind of the configuration stands there, and what service
// discovery needs besides. A kind that the registry gains must be given its place here, or this does not compile.

import type { Kind } from '../../config/kinds/index.ts'
import { configRevisionApi } from './revision.ts'

/** The core group is ''. */
export interface Collection { group: string; version: string; kind: string; plural: string }

const gatewayApi = 'gateway.networking.k8s.io'

export const configCollections: Record<Kind, Collection> = {
  Gateway: { group: gatewayApi, version: 'v1', kind: 'Gateway', plural: 'gateways' },
  HTTPRoute: { group: gatewayApi, version: 'v1', kind: 'HTTPRoute', plural: 'httproutes' },
  // The one version that every release of the Gateway API serves.
  ReferenceGrant: { group: gatewayApi, version: 'v1beta1', kind: 'ReferenceGrant', plural: 'referencegrants' },
  ServiceImport: { group: 'multicluster.x-k8s.io', version: 'v1alpha1', kind: 'ServiceImport', plural: 'serviceimports' },
  FailoverPolicy: { group: 'regatta.dev', version: 'v1alpha1', kind: 'FailoverPolicy', plural: 'failoverpolicies' },
  ResidencyPolicy: { group: 'regatta.dev', version: 'v1alpha1', kind: 'ResidencyPolicy', plural: 'residencypolicies' },
  AccessPolicy: { group: 'regatta.dev', version: 'v1alpha1', kind: 'AccessPolicy', plural: 'accesspolicies' },
  SamplingPolicy: { group: 'regatta.dev', version: 'v1alpha1', kind: 'SamplingPolicy', plural: 'samplingpolicies' },
  AlertPolicy: { group: 'regatta.dev', version: 'v1alpha1', kind: 'AlertPolicy', plural: 'alertpolicies' },
  MetricsPolicy: { group: 'regatta.dev', version: 'v1alpha1', kind: 'MetricsPolicy', plural: 'metricspolicies' },
}

export const revisionCollection: Collection = {
  group: configRevisionApi.group, version: configRevisionApi.version, kind: configRevisionApi.kind, plural: configRevisionApi.plural,
}

/** Endpoints carry the port where a pod listens and the name of the Service's port; the Service joins name and number. */
export const discoveryCollections: readonly Collection[] = [
  { group: '', version: 'v1', kind: 'Service', plural: 'services' },
  { group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice', plural: 'endpointslices' },
]

export function apiVersionOf({ group, version }: Collection): string {
  return group === '' ? version : `${group}/${version}`
}
