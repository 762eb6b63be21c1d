// Who is at the other end of the gateway's own sidecar: the peer whose certificate the sidecar has checked, as it tells it in
// `x-forwarded-client-cert`. Pure. Whatever is not exactly as Envoy writes it is nobody: an identity is never guessed.

import type { Principal } from './access.ts'
import type { Caller } from './access-gate.ts'

/** Envoy, "HTTP header manipulation: x-forwarded-client-cert". Only a sidecar may say it. */
export const clientCertHeader = 'x-forwarded-client-cert'

/**
 * Workloads by their SPIFFE ID (`spiffe://TRUST-DOMAIN/PATH`, that very one) or by its path alone (`/PATH`, of whichever trust
 * domain the sidecar lets in: peered datacenters of Consul each have one of their own).
 */
export type Identities = Readonly<Record<string, Principal>>

/** SPIFFE ID path of a service in a datacenter of Consul's mesh (Consul: connect/ca, SpiffeIDService). */
export function consulIdentityPath(datacenter: string, service: string, namespace = 'default'): string {
  return `/ns/${namespace}/dc/${datacenter}/svc/${service}`
}

/** SPIFFE ID path of a service account, as Istio and Linkerd's trust model on Kubernetes have it. */
export function kubernetesIdentityPath(namespace: string, serviceAccount: string): string {
  return `/ns/${namespace}/sa/${serviceAccount}`
}

/** SPIFFE-ID, section 2: lower-case trust domain, path segments of letters, digits and `.-_`, none empty, no dot segments. */
const spiffeId = /^spiffe:\/\/[a-z0-9._-]{1,255}((?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)+)$/

/** Longer ones are not read: a sidecar's element is some hundred bytes. */
const maxHeader = 16_384

/** The caller that the header tells of; a text says why there is none. `value` undefined = the header was not there. */
export function callerOf(value: string | undefined, identities: Identities): Caller | string {
  if (value === undefined) return `the sidecar told no identity: ${clientCertHeader} is missing`
  const element = value.length > maxHeader ? null : lastElement(value)
  if (element === null) return `${clientCertHeader} is malformed`
  const ids = element.filter(([key]) => key === 'URI').map(([, id]) => id)
  // X.509-SVID, section 2: exactly one URI.
  if (ids.length !== 1) return `${clientCertHeader} names ${ids.length === 0 ? 'no identity' : 'more than one identity'} for the direct peer`
  const path = spiffeId.exec(ids[0])?.[1]
  if (path === undefined) return `the identity of the direct peer in ${clientCertHeader} is no SPIFFE ID`
  const principal = own(identities, ids[0]) ?? own(identities, path) ?? null
  return { principal, name: principal ?? ids[0] }
}

function own(identities: Identities, key: string): Principal | undefined {
  return Object.hasOwn(identities, key) ? identities[key] : undefined
}

type Pair = [key: string, value: string]

/** Elements by `,`, pairs by `;`, values perhaps in double quotes with `\"` inside. The last element is the direct peer. */
function lastElement(text: string): Pair[] | null {
  let pairs: Pair[] = []
  let at = 0
  for (;;) {
    while (text[at] === ' ' || text[at] === '\t') at++
    const equals = text.indexOf('=', at)
    const key = text.slice(at, equals)
    if (equals === -1 || !/^[A-Za-z]+$/.test(key)) return null
    const value = text[equals + 1] === '"' ? quotedAt(text, equals + 2) : plainAt(text, equals + 1)
    if (value === null) return null
    pairs.push([key, value.text])
    at = value.end
    while (text[at] === ' ' || text[at] === '\t') at++
    if (at === text.length) return pairs
    if (text[at] === ',') pairs = []
    else if (text[at] !== ';') return null
    at++
  }
}

interface Value { text: string; end: number }

/** `end` is behind the closing quote. null when there is none. */
function quotedAt(text: string, from: number): Value | null {
  let value = ''
  for (let at = from; at < text.length; at++) {
    if (text[at] === '"') return { text: value, end: at + 1 }
    if (text[at] === '\\' && text[at + 1] === '"') at++
    value += text[at]
  }
  return null
}

function plainAt(text: string, from: number): Value | null {
  let end = from
  while (end < text.length && text[end] !== ',' && text[end] !== ';') end++
  const value = text.slice(from, end).trimEnd()
  return value.includes('"') ? null : { text: value, end }
}
