// What pods say so that Istio's webhook gives them a sidecar, and which of their ports it leaves alone.

/** sidecar.istio.io/inject on a pod is enough; its namespace needs no label. */
export const injectLabels: Readonly<Record<string, string>> = { 'sidecar.istio.io/inject': 'true' }

/**
 * Annotations of a gateway's pods. Clients, edges and the runner come from outside the mesh, so nothing that comes in
 * passes the sidecar; what goes out to services does.
 */
export const gatewayAnnotations: Readonly<Record<string, string>> = { 'traffic.sidecar.istio.io/includeInboundPorts': '' }

/** Annotations of services' pods; ports that the runner reaches without an identity of the mesh. */
export function servicesAnnotations(controlPorts: readonly number[]): Record<string, string> {
  return { 'traffic.sidecar.istio.io/excludeInboundPorts': controlPorts.join(',') }
}
