// Consul Connect: a datacenter a region, joined by cluster peering, with an Envoy beside every service instance and
// every gateway. `consul/plan.ts` works out all that it is told.

import { consulSettings } from './consul/plan-settings.ts'
import { noProcesses, type Mesh } from './mesh.ts'

export const consul: Mesh = {
  name: 'consul',
  description: 'Consul Connect: one datacenter a region, cluster peering, Envoy sidecars and mesh gateways',
  settings: consulSettings,
  // Some twenty proxies were born a moment ago.
  leastUs: { warmup: 15_000_000, steady: 20_000_000 },
  on: {
    local: { supported: true, how: 'a Consul server, a mesh gateway and sidecars a region as processes; needs Linux, where all of 127.0.0.0/8 is loopback', ran: 'drills on two and three regions, with Consul 1.19.2 and Envoy 1.40' },
    simulated: noProcesses,
    kind: { supported: false, why: 'its charts and images for clusters were not tried; there are no manifests of it' },
  },
}
