// Istio: a control plane a cluster, one network each, joined by east-west gateways. `istio/plan.ts` works out all that it
// is told.

import { istioSettings } from './istio/plan-settings.ts'
import { needsKubernetes, noProcesses, type Mesh } from './mesh.ts'

export const istio: Mesh = {
  name: 'istio',
  description: 'Istio with sidecars: multi-primary, one network a cluster, east-west gateways, STRICT mutual TLS',
  settings: istioSettings,
  // Proxies were born a moment ago, and the first requests between two of them pay for handshakes.
  leastUs: { warmup: 15_000_000, steady: 20_000_000 },
  on: {
    local: needsKubernetes,
    simulated: noProcesses,
    kind: { supported: true, how: 'istiod and an east-west gateway a cluster from its own charts, sidecars beside gateway and services; needs images and charts', ran: 'drills on two clusters of Kubernetes 1.34, with a development build of Istio 1.31 and Envoy 1.40; never with the official images' },
  },
}
