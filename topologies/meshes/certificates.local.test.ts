// Authorities as others read them: Node's own parser, and OpenSSL where it is.

import { spawnSync } from 'node:child_process'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { intermediateOf, meshRoot } from './certificates.ts'

const now = new Date('2030-05-01T12:00:00Z')
const root = await meshRoot({ name: 'mesh root', now })
const authorities = await Promise.all(['eu-west', 'us-east'].map((cluster) => intermediateOf(root, { cluster, trustDomain: 'shop.example', now })))

test('an intermediate is an authority of its own, signed by the root, for one trust domain', () => {
  for (const { caCert, caKey, rootCert, certChain } of authorities) {
    const [own, above] = [new X509Certificate(caCert), new X509Certificate(rootCert)]
    expect(own.ca && above.ca).toBe(true)
    expect(own.checkIssued(above) && own.verify(above.publicKey) && above.verify(above.publicKey)).toBe(true)
    expect(own.checkPrivateKey(createPrivateKey(caKey))).toBe(true)
    expect(own.subjectAltName).toBe('URI:spiffe://shop.example')
    expect(own.publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' })
    expect([own, above].map(({ validFromDate }) => validFromDate.toISOString())).toEqual(['2030-05-01T11:55:00.000Z', '2030-05-01T11:55:00.000Z'])
    expect(own.validToDate < above.validToDate).toBe(true)
    expect(certChain).toBe(caCert + rootCert)
  }
})

test('clusters share the root and nothing else', () => {
  const [a, b] = authorities
  expect(a.rootCert).toBe(b.rootCert)
  expect(new X509Certificate(a.caCert).verify(new X509Certificate(b.caCert).publicKey)).toBe(false)
  expect(new Set(authorities.map(({ caCert }) => new X509Certificate(caCert).serialNumber)).size).toBe(2)
  expect(a.caKey).not.toBe(b.caKey)
})

test('a mesh that looks for a name of its own finds it', async () => {
  const { caCert } = await intermediateOf(root, { cluster: 'eu-west', trustDomain: 'shop.example', now, commonName: 'identity.linkerd.shop.example' })
  expect(new X509Certificate(caCert)).toMatchObject({ subject: 'CN=identity.linkerd.shop.example\nO=Regatta', subjectAltName: 'URI:spiffe://shop.example, DNS:identity.linkerd.shop.example' })
})

const openssl = spawnSync('openssl', ['version']).status === 0

test('OpenSSL verifies the chain, and reads the length of the path', (context) => {
  context.skip(!openssl, 'openssl is not in PATH')
  const folder = mkdtempSync(join(tmpdir(), 'regatta-certificates-'))
  try {
    const [own, above] = [join(folder, 'own.pem'), join(folder, 'root.pem')]
    writeFileSync(own, authorities[0].caCert)
    writeFileSync(above, authorities[0].rootCert)
    const at = String(now.getTime() / 1000)
    expect(spawnSync('openssl', ['verify', '-x509_strict', '-attime', at, '-CAfile', above, own], { encoding: 'utf8' })).toMatchObject({ status: 0 })
    // Of a year later neither is any good.
    expect(spawnSync('openssl', ['verify', '-attime', String(Number(at) + 365 * 86_400), '-CAfile', above, own]).status).not.toBe(0)
    const text = (file: string): string => spawnSync('openssl', ['x509', '-in', file, '-noout', '-text'], { encoding: 'utf8' }).stdout
    expect(text(own)).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/)
    expect(text(above)).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:1/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
