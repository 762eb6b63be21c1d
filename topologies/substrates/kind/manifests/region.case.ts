// A region's plan for tests: two namespaces of the configuration, one of them without services; a service of two ports, one
// of one; a second replica of one of them only.

import { defaultLimits } from '../../../../gateway/dataplane/bootstrap.ts'
import type { EchoEndpoint } from '../../sockets/services/bootstrap.ts'
import { fixedNodePorts, podPorts, type RegionPlan, type ServicesPod } from './region.ts'

const anywhere = '0.0.0.0'
const token = 'token-of-the-run'
const stateDir = '/var/lib/regatta'

const endpoint = (service: string, replica: number, order: number): EchoEndpoint =>
  ({ service, replica, port: podPorts.firstService + order, latencyMs: 2, jitterMs: 1, distribution: 'uniform', concurrency: null, bytes: 64, errorRate: 0 })

const pod = (configNamespace: string, index: number, endpoints: EchoEndpoint[]): ServicesPod => ({
  name: `services-${configNamespace}-${index}`, configNamespace, index,
  bootstrap: { region: 'eu-west', seed: 1, token, control: { host: anywhere, port: podPorts.servicesControl }, endpoints },
})

/** `prefix`: in clusters that were there before. */
export function regionPlan({ run = 'run-1', prefix = null, image = null }: { run?: string; prefix?: string | null; image?: string | null } = {}): RegionPlan {
  const system = `${prefix ?? 'regatta'}-system`
  const inCluster = (name: string): string => (prefix === null ? name : `${prefix}-${name}`)
  const ofConfig = { infra: inCluster('infra'), shop: inCluster('shop') }
  return {
    run, region: 'eu-west', namespaces: { system, ofConfig },
    images: { gateway: image ?? 'regatta/gateway:test', testbed: image ?? 'regatta/testbed:test' },
    nodePorts: prefix === null ? fixedNodePorts : null,
    gateway: {
      name: 'eu-west', role: 'region', region: 'eu-west', token, seed: 1, limits: defaultLimits, stateDir,
      listen: { ingress: { host: anywhere, port: podPorts.ingress }, eastWest: { host: anywhere, port: podPorts.eastWest }, admin: { host: anywhere, port: podPorts.admin } },
      controlPlanes: [{ host: `control-plane.${system}.svc.cluster.local`, port: podPorts.controlPlane }],
    },
    controlPlane: {
      name: 'eu-west', region: 'eu-west', listen: { host: anywhere, port: podPorts.controlPlane }, token, documents: [], stateDir,
      discovery: { regions: [{ name: 'eu-west', jurisdiction: 'EU' }], endpoints: {}, links: {} },
      kubernetes: { systemNamespace: system, namespaces: ofConfig },
    },
    services: [
      pod('shop', 0, [endpoint('shop/catalog:8080', 0, 0), endpoint('shop/catalog:9090', 0, 1), endpoint('shop/checkout:8080', 0, 2)]),
      pod('shop', 1, [endpoint('shop/catalog:8080', 1, 0)]),
    ],
  }
}
