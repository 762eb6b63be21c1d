// The registry of configuration kinds: kind → schema, one file a kind. A new kind is one file and one line here.

import { accessPolicyKind, type AccessPolicy } from './access-policy.ts'
import { alertPolicyKind, type AlertPolicy } from './alert-policy.ts'
import { failoverPolicyKind, type FailoverPolicy } from './failover-policy.ts'
import { gatewayKind, type Gateway } from './gateway.ts'
import { httpRouteKind, type HttpRoute } from './http-route.ts'
import { metricsPolicyKind, type MetricsPolicy } from './metrics-policy.ts'
import { referenceGrantKind, type ReferenceGrant } from './reference-grant.ts'
import { residencyPolicyKind, type ResidencyPolicy } from './residency-policy.ts'
import { samplingPolicyKind, type SamplingPolicy } from './sampling-policy.ts'
import { serviceImportKind, type ServiceImport } from './service-import.ts'

export const kinds = {
  Gateway: gatewayKind,
  HTTPRoute: httpRouteKind,
  ReferenceGrant: referenceGrantKind,
  ServiceImport: serviceImportKind,
  FailoverPolicy: failoverPolicyKind,
  ResidencyPolicy: residencyPolicyKind,
  AccessPolicy: accessPolicyKind,
  SamplingPolicy: samplingPolicyKind,
  MetricsPolicy: metricsPolicyKind,
  AlertPolicy: alertPolicyKind,
} as const

export type Kind = keyof typeof kinds
export type ConfigDocument =
  | Gateway | HttpRoute | ReferenceGrant | ServiceImport | FailoverPolicy | ResidencyPolicy | AccessPolicy | SamplingPolicy | MetricsPolicy | AlertPolicy
export type { AccessPolicy, AlertPolicy, FailoverPolicy, Gateway, HttpRoute, MetricsPolicy, ReferenceGrant, ResidencyPolicy, SamplingPolicy, ServiceImport }
