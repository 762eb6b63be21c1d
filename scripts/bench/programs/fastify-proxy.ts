// @fastify/http-proxy as its manual shows it, before one upstream.

import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'

const [port, upstream] = process.argv.slice(2).map(Number)
const server = fastify()
await server.register(httpProxy, { upstream: `http://127.0.0.1:${upstream}`, undici: { connections: 256, pipelining: 1 } })
await server.listen({ port, host: '127.0.0.1' })
process.stdin.on('end', () => process.exit(0)).resume()
