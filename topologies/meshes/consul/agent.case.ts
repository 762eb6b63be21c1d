// A Consul agent on loopback that a test plays: a handler a request; what it was asked is kept.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openConsulApi, type ConsulApi } from './api.ts'

export interface Asked { method: string; url: string; body: unknown }
/** An object is answered as JSON, text as it is, nothing never. */
export type AgentHandler = (asked: Asked) => { status?: number; body: unknown } | 'silence'

export interface PlayedAgent extends AsyncDisposable {
  readonly api: ConsulApi
  readonly asked: Asked[]
  /** Aborts the client's signal. */
  abort(reason: Error): void
}

export async function playAgent(handler: AgentHandler, callMs = 2_000): Promise<PlayedAgent> {
  const asked: Asked[] = []
  const server = createServer(async (incoming, response) => {
    let text = ''
    for await (const chunk of incoming.setEncoding('utf8')) text += chunk as string
    const request = { method: incoming.method!, url: incoming.url!, body: text === '' ? null : JSON.parse(text) as unknown }
    asked.push(request)
    const answer = handler(request)
    if (answer === 'silence') return
    response.writeHead(answer.status ?? 200).end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const aborting = new AbortController()
  const { port } = server.address() as AddressInfo
  const api = openConsulApi({ region: 'eu-west', http: { host: '127.0.0.1', port }, signal: aborting.signal, callMs })
  return {
    api, asked, abort: (reason) => aborting.abort(reason),
    async [Symbol.asyncDispose]() {
      await api.close()
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
}
