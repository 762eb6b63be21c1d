// The echo services of a region. A pod runs one replica of every service of its namespace, each behind a port of its own,
// so that a small machine carries thousands; a Kubernetes Service each makes real endpoint slices of them.

import { createHash } from 'node:crypto'
import type { V1Service } from '@kubernetes/client-node'
import { parseServiceName } from '../../../service-name.ts'
import { runLabels, type Manifest } from './labels.ts'
import { inServiceLabel, partLabel, podPorts, serviceLabel, type RegionPlan, type ServicesPod } from './region.ts'
import type { Workload } from './workload.ts'

const controlPort = 'control'

export function servicesWorkloads(plan: RegionPlan): Workload[] {
  return plan.services.map(({ name, configNamespace, account, bootstrap }) => ({
    part: 'services', name, ...(account === undefined ? {} : { account }), namespace: plan.namespaces.ofConfig[configNamespace], image: plan.images.testbed, program: 'services.mjs',
    bootstrap, stateDir: null,
    ports: [
      { name: controlPort, containerPort: podPorts.servicesControl, protocol: 'TCP' },
      ...bootstrap.endpoints.map(({ service, port }) => ({ name: portName(service), containerPort: port, protocol: 'TCP' })),
    ],
    health: { port: controlPort, live: '/healthz', ready: '/healthz' },
    cpuRequest: '50m', memory: { request: '64Mi', limit: '256Mi' }, replacement: 'RollingUpdate',
    labels: Object.fromEntries(bootstrap.endpoints.map(({ service }) => [serviceLabel(parseServiceName(service).name), 'true'])),
  }))
}

/**
 * Name of the port where a pod serves a service. A Kubernetes Service sends to one port name, whatever number each of its
 * pods gives it. A name has 15 characters at most, so it is a hash; 48 bits keep a million services apart.
 */
export function portName(service: string): string {
  return `s-${createHash('sha256').update(service).digest('hex').slice(0, 12)}`
}

export function services(plan: RegionPlan): Manifest<V1Service>[] {
  return [...new Set(plan.services.map(({ configNamespace }) => configNamespace))].flatMap((configNamespace) => {
    const byName = Map.groupBy(namesOf(plan.services.filter((pod) => pod.configNamespace === configNamespace)), ({ name }) => name)
    return [...byName].map(([name, ports]): Manifest<V1Service> => ({
      apiVersion: 'v1', kind: 'Service',
      metadata: { name, namespace: plan.namespaces.ofConfig[configNamespace], labels: { ...runLabels(plan), [partLabel]: 'services' } },
      spec: {
        type: 'ClusterIP',
        selector: { [partLabel]: 'services', [serviceLabel(name)]: 'true', [inServiceLabel]: 'true' },
        ports: ports.map(({ whole, port }) => ({ name: `http-${port}`, port, targetPort: portName(whole), protocol: 'TCP', appProtocol: 'http' })),
      },
    }))
  })
}

/** Each service that any of the pods runs, once. */
function namesOf(pods: readonly ServicesPod[]): (ReturnType<typeof parseServiceName> & { whole: string })[] {
  const all = new Set(pods.flatMap(({ bootstrap }) => bootstrap.endpoints.map(({ service }) => service)))
  return [...all].map((whole) => ({ whole, ...parseServiceName(whole) }))
}
