// Linkerd: a control plane a cluster, services mirrored by way of gateways, failover by an extension. `linkerd/plan.ts`
// works out all that it is told.

import { linkerdSettings } from './linkerd/plan-settings.ts'
import type { Mesh } from './mesh.ts'

export const linkerd: Mesh = {
  name: 'linkerd',
  description: 'Linkerd with proxies beside pods: mirrored services, gateways, linkerd-failover',
  settings: linkerdSettings,
  on: {
    local: { supported: false, why: 'its control plane needs Kubernetes API servers, which processes of this machine are not' },
    simulated: { supported: false, why: 'a simulation has no processes for a real mesh to run in' },
    kind: { supported: false, why: 'manifests are rendered, and validated against the definitions that can be had; never run' },
  },
}
