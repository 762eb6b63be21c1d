// One root for a mesh and an intermediate authority a cluster, so that workloads of different clusters trust each other
// and a stolen cluster's key signs for no other. Time is given; keys and serial numbers come from WebCrypto.

import 'reflect-metadata'
import { webcrypto as crypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const { X509CertificateGenerator, BasicConstraintsExtension, KeyUsagesExtension, KeyUsageFlags, SubjectAlternativeNameExtension, SubjectKeyIdentifierExtension, AuthorityKeyIdentifierExtension } = x509

/** P-256 is what SPIFFE, Istio and Linkerd all take (Linkerd takes no other). */
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const minute = 60_000
const day = 24 * 60 * minute
/** Clocks of clusters are never quite equal. */
const skewMs = 5 * minute
/** A testbed's mesh lives for hours; longer-lived keys would only be worth stealing. */
const rootDays = 30
const intermediateDays = 7

export interface MeshRoot {
  name: string
  certificate: x509.X509Certificate
  keys: crypto.CryptoKeyPair
}

/** In PEM. */
export interface MeshAuthority {
  caCert: string
  /** PKCS#8 (RFC 5958). */
  caKey: string
  rootCert: string
  /** The intermediate, then the root: as Istio's `cert-chain.pem`. */
  certChain: string
}

export interface RootRequest { name: string; now: Date }

export async function meshRoot({ name, now }: RootRequest): Promise<MeshRoot> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }, { O: ['Regatta'] }], keys, signingAlgorithm: algorithm, ...validity(now, rootDays),
    extensions: [
      // One authority below it, and no deeper (RFC 5280, 4.2.1.9).
      new BasicConstraintsExtension(true, 1, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
    ],
  }, crypto)
  return { name, certificate, keys }
}

export interface IntermediateRequest {
  cluster: string
  /** Of SPIFFE identities; the same for all clusters of a mesh. */
  trustDomain: string
  now: Date
  /** Subject and DNS name, where a mesh looks for one (Linkerd: `identity.linkerd.TRUSTDOMAIN`); otherwise it is named after the cluster. */
  commonName?: string
}

/** Its name is `spiffe://TRUSTDOMAIN`, because the SPIFFE ID of an authority has no path (SPIFFE X.509-SVID, 3.1). */
export async function intermediateOf(root: MeshRoot, { cluster, trustDomain, now, commonName }: IntermediateRequest): Promise<MeshAuthority> {
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.create({
    subject: [{ CN: [commonName ?? `${cluster} intermediate`] }, { O: ['Regatta'] }], issuer: root.certificate.subjectName,
    publicKey: keys.publicKey, signingKey: root.keys.privateKey, signingAlgorithm: algorithm, ...validity(now, intermediateDays),
    extensions: [
      new BasicConstraintsExtension(true, 0, true), new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature, true),
      new SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${trustDomain}` }, ...(commonName === undefined ? [] : [{ type: 'dns' as const, value: commonName }])]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey, false, crypto),
      await AuthorityKeyIdentifierExtension.create(root.keys.publicKey, false, crypto),
    ],
  }, crypto)
  const [caCert, rootCert] = [pem(certificate), pem(root.certificate)]
  return { caCert, caKey: await privateKeyPem(keys.privateKey), rootCert, certChain: `${caCert}${rootCert}` }
}

function validity(now: Date, days: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now.getTime() - skewMs), notAfter: new Date(now.getTime() + days * day) }
}

function pem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem').trim()}\n`
}

async function privateKeyPem(key: crypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY').trim()}\n`
}
