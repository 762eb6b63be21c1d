// A workload that no mesh knows: its certificate names whom one likes and is signed by itself alone. Who lets it in does
// not look at who signed.

import 'reflect-metadata'
import { webcrypto as crypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
/** As good as without end, so that no clock decides whether it is refused (RFC 5280, 4.1.2.5). */
const validity = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2049-12-31T23:59:59Z') }

/** In PEM; the key is PKCS#8. */
export interface Identity { certificate: string; key: string }

/** `uri`: its SPIFFE ID; for server and client alike. */
export async function stranger(uri: string): Promise<Identity> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=stranger', keys, signingAlgorithm: algorithm, ...validity,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: uri }]),
    ],
  }, crypto)
  const key = x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY')
  return { certificate: certificate.toString('pem'), key }
}
