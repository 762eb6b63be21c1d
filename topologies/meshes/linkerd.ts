// Linkerd: a control plane a cluster, services mirrored by way of gateways, failover by an extension. `linkerd/plan.ts`
// works out all that it is told.

import { linkerdSettings } from './linkerd/plan-settings.ts'
import { needsKubernetes, noProcesses, type Mesh } from './mesh.ts'

export const linkerd: Mesh = {
  name: 'linkerd',
  description: 'Linkerd with proxies beside pods: mirrored services, gateways, linkerd-failover',
  settings: linkerdSettings,
  on: {
    local: needsKubernetes,
    simulated: noProcesses,
    kind: { supported: false, why: 'manifests are rendered, and validated against the definitions that can be had; never run' },
  },
}
