// The name of a service as a topology writes it, `namespace/name:port`, taken apart in one place.

export interface ServiceName { namespace: string; name: string; port: number }

export function parseServiceName(service: string): ServiceName {
  const [namespace, rest] = service.split('/')
  const [name, port] = rest.split(':')
  return { namespace, name, port: Number(port) }
}

/** `namespace/name`: the service with all of its ports, as access policies and identities have it. */
export function withoutPort(service: string): `${string}/${string}` {
  return service.slice(0, service.lastIndexOf(':')) as `${string}/${string}`
}
