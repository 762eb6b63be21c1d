// Where k6 waits: its `setup` asks here once everything is initialised, and is answered with the moment to
// start. So k6's own start (a third of a second) is over before the run's zero, and the asking shows that it
// is ready. Loopback, with the run's token and a check of the Host header.

import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { header } from '../../../../gateway/dataplane/bootstrap.ts'

export interface StartGate {
  readonly url: string
  /** Resolves when k6 stands at the gate. */
  readonly asked: Promise<void>
  /** Wall time in milliseconds since the epoch. */
  open(startMs: number): void
  close(): void
}

const host = '127.0.0.1'

export async function openStartGate(token: string): Promise<StartGate> {
  const waiting: ServerResponse[] = []
  const { promise: asked, resolve: arrived } = Promise.withResolvers<void>()
  let answer: string | null = null
  const server = createServer((request, response) => {
    if (request.headers.host !== new URL(url).host || request.headers[header.token] !== token) return response.writeHead(403).end()
    if (answer === null) waiting.push(response)
    else response.end(answer)
    arrived()
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, host, resolve))
  const url = `http://${host}:${(server.address() as AddressInfo).port}/start`
  return {
    url, asked,
    open(startMs) {
      answer = JSON.stringify({ startMs })
      for (const response of waiting.splice(0)) response.end(answer)
    },
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
