// The DNS server of a region, asked by c-ares (Node's resolver), which is what Envoy asks with too.

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { Resolver as Client } from 'node:dns/promises'
import { describe, expect, it } from 'vitest'
import { startResolver } from './resolver.ts'

const loopback = { host: '127.0.0.1', port: 0 }
const names = { 'mesh-gateway.us-east.regatta.internal': '127.77.0.9', 'Mesh-Gateway.AP-South.regatta.internal': '127.77.0.10' }

function clientOf({ host, port }: { host: string; port: number }): Client {
  const client = new Client({ timeout: 2_000, tries: 1 })
  client.setServers([`${host}:${port}`])
  return client
}

describe('resolver', () => {
  it('answers A with the address and a short life, whatever the case', async () => {
    await using resolver = await startResolver(names, loopback)
    const client = clientOf(resolver.address)
    expect(await client.resolve4('mesh-gateway.us-east.regatta.internal', { ttl: true })).toEqual([{ address: '127.77.0.9', ttl: 1 }])
    expect(await client.resolve4('MESH-gateway.ap-south.Regatta.internal')).toEqual(['127.77.0.10'])
    expect(resolver.counts).toEqual({ addresses: 2, noData: 0, refused: 0, malformed: 0, unsent: 0 })
  })

  it('has no AAAA for its names, and no other name', async () => {
    await using resolver = await startResolver(names, loopback)
    const client = clientOf(resolver.address)
    await expect(client.resolve6('mesh-gateway.us-east.regatta.internal')).rejects.toMatchObject({ code: 'ENODATA' })
    await expect(client.resolve4('us-east.regatta.internal')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    await expect(client.resolve4('mesh-gateway.us-east.regatta.internal.example')).rejects.toMatchObject({ code: 'ENOTFOUND' })
    expect(resolver.counts).toMatchObject({ noData: 1, refused: 2 })
  })

  it('ignores and counts what is no query, and goes on answering', async () => {
    await using resolver = await startResolver(names, loopback)
    const socket = createSocket('udp4')
    socket.bind(0, loopback.host)
    await once(socket, 'listening')
    const answers: Buffer[] = []
    socket.on('message', (message) => answers.push(message))
    const { host, port } = resolver.address
    for (const message of [Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(0), Buffer.alloc(12)]) socket.send(message, port, host)
    // One socket after another: what came before this query on loopback has been read before it.
    expect(await clientOf(resolver.address).resolve4('mesh-gateway.us-east.regatta.internal')).toEqual(['127.77.0.9'])
    expect(resolver.counts).toMatchObject({ malformed: 3, addresses: 1 })
    socket.close()
    expect(answers).toEqual([])
  })

  it('says which port is taken, and closes twice as well as once', async () => {
    const first = await startResolver(names, loopback)
    await expect(startResolver(names, first.address)).rejects.toMatchObject({
      code: 'RGT_PORT', details: { expected: `UDP port 127.0.0.1:${first.address.port} to be free`, found: expect.stringContaining('EADDRINUSE') },
    })
    await Promise.all([first.close(), first.close()])
    await using again = await startResolver(names, first.address)
    expect(again.address).toEqual(first.address)
  })

  it('takes no address that DNS could not carry', async () => {
    await expect(startResolver({ a: '::1' }, loopback)).rejects.toMatchObject({ code: 'RGT_MESH', details: { found: '::1' } })
  })
})
