// The HTTP/1.1 adapter over plain sockets. `node:http` costs two to three times the processor time a request
// and is lenient where a gateway must not be; a proxy needs neither its streams nor its agents.

import type { ProtocolAdapter } from '../adapter.ts'
import { Http1ClientConnection } from './client.ts'
import { Http1ServerConnection } from './server.ts'

export const http1: ProtocolAdapter = {
  name: 'http1',
  description: 'HTTP/1.1 (RFC 9112), and HTTP/1.0 clients',
  alpn: ['http/1.1'],
  serve: (socket, handler, settings) => new Http1ServerConnection(socket, handler, settings),
  connect: (settings, owner) => new Http1ClientConnection(settings, owner),
}
