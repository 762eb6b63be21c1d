// The control port of a topology that `regatta up` holds: loopback only, with a token and a Host check, so that
// neither another user nor a web page can break a region.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { timingSafeEqual } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { CodedError, gatewayError } from '../gateway/errors.ts'
import { commandError } from './errors.ts'

export interface ControlServer { port: number; close(): void }

export type ControlHandler = (path: string, body: unknown) => Promise<unknown>

const maxBodyBytes = 65_536

export async function openControl(token: string, handle: ControlHandler): Promise<ControlServer> {
  const server = createServer((request, response) => {
    answer(request, token, handle).then(
      (value) => send(response, 200, value),
      (error: unknown) => send(response, error instanceof CodedError && error.code === 'RGT_TOKEN' ? 401 : 400,
        error instanceof CodedError ? error.toJSON() : { code: 'RGT_COMMAND_REFUSED', message: String(error) }),
    )
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => { server.close(); server.closeAllConnections() } }
}

async function answer(request: IncomingMessage, token: string, handle: ControlHandler): Promise<unknown> {
  const given = Buffer.from(String(request.headers['x-regatta-token'] ?? ''))
  const host = String(request.headers.host ?? '').replace(/:\d+$/, '')
  const right = Buffer.from(token)
  if (given.length !== right.length || !timingSafeEqual(given, right) || !['127.0.0.1', 'localhost', '[::1]'].includes(host)) {
    throw gatewayError('RGT_TOKEN', 'the control port needs the token of its run', { hint: '`regatta inject` and `regatta down` send it' })
  }
  let text = ''
  for await (const chunk of request) {
    text += String(chunk)
    if (text.length > maxBodyBytes) throw commandError('the request is too large', { expected: `at most ${maxBodyBytes} bytes` })
  }
  return handle(request.url ?? '/', text === '' ? null : JSON.parse(text))
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(value)}\n`)
}
