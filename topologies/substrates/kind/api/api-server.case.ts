// An API server on loopback that a test plays: a handler a request, and a kubeconfig that leads to it. What it answers is
// the test's business; what it was asked is kept.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'

export interface Request { method: string; path: string; query: URLSearchParams; headers: IncomingMessage['headers']; body: string }

/** What to answer: a status and an object, or nothing when the handler writes by itself. */
export type Handler = (request: Request, response: ServerResponse) => { status: number; body: object | string } | void | Promise<{ status: number; body: object | string } | void>

export interface PlayedServer extends AsyncDisposable {
  readonly kubeconfig: string
  readonly asked: Request[]
  handle(handler: Handler): void
  /** Breaks every open connection. */
  cut(): void
}

export const status = (code: number, message: string): { status: number; body: object } => ({ status: code, body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', message, code } })

export async function playServer(first: Handler): Promise<PlayedServer> {
  let handler = first
  const asked: Request[] = []
  const server = createServer(async (incoming, response) => {
    let body = ''
    for await (const chunk of incoming.setEncoding('utf8')) body += chunk as string
    const url = new URL(incoming.url!, 'http://server')
    const request = { method: incoming.method!, path: url.pathname, query: url.searchParams, headers: incoming.headers, body }
    asked.push(request)
    const answer = await handler(request, response)
    if (answer === undefined) return
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const folder = mkdtempSync(join(tmpdir(), 'regatta-api-test-'))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
  return {
    kubeconfig, asked,
    handle: (next) => { handler = next },
    cut: () => server.closeAllConnections(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const kubeconfigOf = (server: string): string => stringify({
  apiVersion: 'v1', kind: 'Config', 'current-context': 'played',
  clusters: [{ name: 'played', cluster: { server, 'insecure-skip-tls-verify': true } }],
  users: [{ name: 'tester', user: { token: 'secret' } }],
  contexts: [{ name: 'played', context: { cluster: 'played', user: 'tester' } }, { name: 'other', context: { cluster: 'played', user: 'tester' } }, { name: 'broken', context: { cluster: 'gone', user: 'tester' } }],
})
