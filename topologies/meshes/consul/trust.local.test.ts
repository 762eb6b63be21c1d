// The proof of trust against stand-in sidecars: what is shown to it and what is let in decide, not what anybody says.

import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { expect, test } from 'vitest'
import { stranger, type Identity } from '../stranger.ts'
import { proveTrust, type PublicPort, type Trust } from './trust.ts'

const identity = (domain: string): Promise<Identity> => stranger(`spiffe://${domain}/ns/default/dc/eu-west/svc/cart`)
/** A self-signed certificate is its own root: enough to be trusted, and to be foreign. */
const trustOf = (domain: string, ...own: Identity[]): Map<string, Trust> =>
  new Map([['eu-west', { TrustDomain: domain, Roots: own.map(({ certificate }, index) => ({ ID: String(index), RootCert: certificate, Active: true })) }]])

interface Standing extends AsyncDisposable { ports: PublicPort[] }

async function sidecar({ certificate, key }: Identity, { strict = true, answers = true } = {}): Promise<Standing> {
  const server = createTlsServer({ cert: certificate, key, ca: certificate, requestCert: true, rejectUnauthorized: strict }, (socket) => {
    socket.on('error', () => {})
    socket.once('data', () => { if (answers) socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n') })
  })
  server.on('tlsClientError', () => {}).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    ports: [{ region: 'eu-west', id: 'cart-0', at: { host: '127.0.0.1', port: (server.address() as AddressInfo).port } }],
    async [Symbol.asyncDispose]() { await new Promise((resolve) => { server.close(resolve) }) },
  }
}

const look = { signal: new AbortController().signal, timeoutMs: 10_000 }

test('a sidecar of the region passes, and what it refused was a certificate in its own name', async () => {
  const own = await identity('here.consul')
  await using standing = await sidecar(own)
  expect(await proveTrust(standing.ports, trustOf('here.consul', own), look)).toBe(1)
})

test('a certificate that no root of the region signed is told with whose it is', async () => {
  const [own, other] = await Promise.all([identity('here.consul'), identity('there.consul')])
  await using standing = await sidecar(other)
  await expect(proveTrust(standing.ports, trustOf('here.consul', own), look)).rejects.toMatchObject({
    code: 'RGT_MESH_TRUST', message: 'the sidecar cart-0 in eu-west is of another trust domain',
    details: {
      expected: 'a certificate of here.consul, signed by the authority of eu-west',
      found: 'spiffe://there.consul/ns/default/dc/eu-west/svc/cart, which no root of eu-west signed (DEPTH_ZERO_SELF_SIGNED_CERT)',
    },
  })
})

test('the name of the domain alone does not make a certificate its own, nor does the authority alone', async () => {
  const [own, forged] = await Promise.all([identity('here.consul'), identity('here.consul')])
  await using forger = await sidecar(forged)
  await expect(proveTrust(forger.ports, trustOf('here.consul', own), look)).rejects.toMatchObject({ code: 'RGT_MESH_TRUST' })
  await using signed = await sidecar(own)
  await expect(proveTrust(signed.ports, trustOf('elsewhere.consul', own), look)).rejects.toMatchObject({
    code: 'RGT_MESH_TRUST', details: { found: 'spiffe://here.consul/ns/default/dc/eu-west/svc/cart' },
  })
})

test('a sidecar that lets a foreign certificate in is told, whether it answers or only listens', async () => {
  const own = await identity('here.consul')
  await using open = await sidecar(own, { strict: false })
  await expect(proveTrust(open.ports, trustOf('here.consul', own), look)).rejects.toMatchObject({
    code: 'RGT_MESH_TRUST', message: expect.stringContaining('takes a certificate'), details: { found: 'HTTP/1.1 200 OK' },
  })
  await using silent = await sidecar(own, { strict: false, answers: false })
  await expect(proveTrust(silent.ports, trustOf('here.consul', own), { ...look, timeoutMs: 200 })).rejects.toMatchObject({
    code: 'RGT_MESH_TRUST', details: { found: 'neither answer nor refusal within 200 ms' },
  })
})

test('where nobody listens, or plain text is spoken, no certificate is shown', async () => {
  const own = await identity('here.consul')
  const plain = createServer((socket) => void socket.on('error', () => {}).resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1')
  await once(plain, 'listening')
  const ports: PublicPort[] = [{ region: 'eu-west', id: 'cart-0', at: { host: '127.0.0.1', port: (plain.address() as AddressInfo).port } }]
  const failure = { code: 'RGT_MESH', message: 'the sidecar cart-0 in eu-west shows no certificate' }
  await expect(proveTrust(ports, trustOf('here.consul', own), look)).rejects.toMatchObject(failure)
  await new Promise((resolve) => { plain.close(resolve) })
  await expect(proveTrust(ports, trustOf('here.consul', own), look)).rejects.toMatchObject({ ...failure, details: { found: 'ECONNREFUSED' } })
})

test('an aborted look ends with the reason', async () => {
  const own = await identity('here.consul')
  await using silent = await sidecar(own, { strict: false, answers: false })
  const aborting = new AbortController()
  const proof = proveTrust(silent.ports, trustOf('here.consul', own), { signal: aborting.signal, timeoutMs: 60_000 })
  const reason = new Error('stopped')
  setTimeout(() => aborting.abort(reason), 50)
  await expect(proof).rejects.toBe(reason)
})
