// Whom the sidecars are, on the wire: each must show a certificate of its own region's authority, for its trust domain,
// and take none of another's. What a mesh says of itself proves nothing, so every sidecar is met with TLS.

import { X509Certificate } from 'node:crypto'
import { connect } from 'node:tls'
import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'
import { topologyError } from '../../errors.ts'
import { stranger, type Identity } from '../stranger.ts'
import type { CaRoots } from './api.ts'

/** Where a sidecar takes mutual TLS. */
export interface PublicPort { region: string; id: string; at: SnapshotAddress }

/** What is expected of sidecars of a region. */
export type Trust = Pick<CaRoots, 'TrustDomain' | 'Roots'>

export interface TrustLook {
  signal: AbortSignal
  /** For one sidecar. */
  timeoutMs: number
}

/**
 * Meets every sidecar with a certificate that names the region's own gateway and is signed by nobody it knows. Gives how
 * many were met. Throws RGT_MESH_TRUST for a sidecar that shows a foreign certificate or takes one, RGT_MESH for one that
 * shows none.
 */
export async function proveTrust(sidecars: readonly PublicPort[], trusted: ReadonlyMap<string, Trust>, look: TrustLook): Promise<number> {
  const strangers = new Map(await Promise.all([...trusted].map(async ([region, { TrustDomain }]) =>
    [region, await stranger(`spiffe://${TrustDomain}/ns/default/dc/${region}/svc/regatta-gateway`)] as const)))
  await Promise.all(sidecars.map(async (sidecar) => {
    const trust = trusted.get(sidecar.region)!
    const met = await meet(sidecar.at, trust, strangers.get(sidecar.region)!, look)
    look.signal.throwIfAborted()
    check(sidecar, trust, met)
  }))
  return sidecars.length
}

interface Met {
  certificate: X509Certificate | null
  /** Why the chain does not end at a root of the region, in OpenSSL's code; null when it does. */
  unchained: string | null
  /** What came of the stranger's request: null = refused. */
  answer: string | null
  /** How the connection ended. */
  end: string
}

function check({ region, id }: PublicPort, { TrustDomain }: Trust, { certificate, unchained, answer, end }: Met): void {
  if (certificate === null) {
    throw topologyError('RGT_MESH', `the sidecar ${id} in ${region} shows no certificate`, { expected: 'TLS 1.3, with a certificate of its service', found: answer ?? end })
  }
  const identity = spiffeOf(certificate)
  if (unchained !== null || trustDomainOf(identity) !== TrustDomain) {
    throw topologyError('RGT_MESH_TRUST', `the sidecar ${id} in ${region} is of another trust domain`, {
      expected: `a certificate of ${TrustDomain}, signed by the authority of ${region}`,
      found: `${identity ?? 'no SPIFFE identity'}${unchained === null ? '' : `, which no root of ${region} signed (${unchained})`}`,
      hint: 'another mesh may hold its port, or its Envoy was given the configuration of another Consul',
    })
  }
  if (answer !== null) {
    throw topologyError('RGT_MESH_TRUST', `the sidecar ${id} in ${region} takes a certificate of an authority that ${TrustDomain} does not know`, {
      expected: 'a refused handshake', found: answer,
    })
  }
}

/** TLS 1.3, in which the server shows its certificate before it looks at the client's (RFC 8446, 2). */
function meet({ host, port }: SnapshotAddress, { Roots }: Trust, { certificate, key }: Identity, { signal, timeoutMs }: TrustLook): Promise<Met> {
  return new Promise((resolve) => {
    const socket = connect({
      host, port, cert: certificate, key, ca: Roots.map(({ RootCert }) => RootCert), minVersion: 'TLSv1.3',
      // Judged by `check`, which says more than a failed handshake; names of hosts mean nothing in a mesh.
      rejectUnauthorized: false, checkServerIdentity: () => undefined,
    })
    const met: Met = { certificate: null, unchained: null, answer: null, end: 'closed' }
    const over = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
    const settle = (part: Partial<Met>): void => {
      resolve(Object.assign(met, part))
      over.removeEventListener('abort', stop)
      socket.destroy()
    }
    const stop = (): void => settle(met.certificate === null ? { end: 'silence' } : { answer: `neither answer nor refusal within ${timeoutMs} ms` })
    over.addEventListener('abort', stop)
    socket.once('secureConnect', () => {
      met.certificate = socket.getPeerX509Certificate() ?? null
      met.unchained = socket.authorized ? null : String(socket.authorizationError)
      socket.write('GET / HTTP/1.1\r\nhost: stranger\r\nconnection: close\r\n\r\n')
    })
    socket.once('data', (data: Buffer) => settle({ answer: data.toString('latin1').split('\r\n')[0].slice(0, 100) }))
    socket.once('error', (error: Error & { code?: string }) => settle({ end: error.code ?? error.message }))
    socket.once('close', () => settle({}))
  })
}

/** The one URI among its names (SPIFFE X.509-SVID, 2). */
function spiffeOf({ subjectAltName = '' }: X509Certificate): string | null {
  return /URI:(spiffe:\/\/[^,\s]+)/.exec(subjectAltName)?.[1] ?? null
}

const trustDomainOf = (identity: string | null): string | null => /^spiffe:\/\/([^/]+)/.exec(identity ?? '')?.[1] ?? null
