// What things are called in Consul, and where they are met: names of services, hosts and addresses of loopback.

/** The region's own gateway, as a caller in the mesh. */
export const gatewayName = 'regatta-gateway'
export const meshGatewayName = 'mesh-gateway'

/** Names end up as labels of TLS server names (RFC 1035: 63 at most); room is left for a number. */
const longest = 56

/**
 * `namespace/name:port` → a name that is a DNS label. Different services never share one: whoever comes later gets a
 * number. Same services in the same order, same names.
 */
export function consulNames(services: readonly string[]): Map<string, string> {
  const taken = new Set<string>([gatewayName, meshGatewayName])
  return new Map(services.map((service) => {
    const [, namespace, name, port] = /^(.*)\/(.*):(\d+)$/.exec(service)!
    const base = `${`${name}-${namespace}`.slice(0, longest - 1 - port.length)}-${port}`
    let unique = base
    for (let number = 2; taken.has(unique); number++) unique = `${base}-${number}`
    taken.add(unique)
    return [service, unique]
  }))
}

/** The name that a region's mesh gateway is advertised by to every peer. `.internal` is for private use (ICANN, 2024). */
export function meshGatewayHost(region: string): string {
  return `${meshGatewayName}.${region}.regatta.internal`
}

/**
 * The address of one region's own entry towards another, by their places in the topology (at most 32 regions). Every
 * pair has its own, so that all can listen on the one port that a mesh gateway advertises. Linux answers on all of
 * 127.0.0.0/8 (RFC 1122, 3.2.1.3) without being told.
 */
export function entryAddress(from: number, to: number): string {
  return `127.64.${from + 1}.${to + 1}`
}
