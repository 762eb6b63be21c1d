// The control port of a topology that `regatta up` holds: loopback only, with a token and a Host check, so that
// neither another user nor a web page can break a region.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { timingSafeEqual } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { CodedError, CodedErrors, gatewayError } from '../gateway/errors.ts'
import { commandError } from './errors.ts'

export interface ControlServer { port: number; close(): void }

export type ControlHandler = (path: string, body: unknown) => Promise<unknown>

const maxBodyBytes = 65_536

/** One problem as it travels: an error's code and message with its details. */
export interface ControlProblem { code: string; message: string; [detail: string]: unknown }

/** Listens on a free port of 127.0.0.1. A refusal is `{errors: [{code, message, …}]}` with 400, 401 (token) or 500. */
export async function openControl(token: string, handle: ControlHandler): Promise<ControlServer> {
  const server = createServer((request, response) => {
    answer(request, token, handle).then((value) => send(response, 200, value), (error: unknown) => refuse(response, error))
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => { server.close(); server.closeAllConnections() } }
}

function refuse(response: ServerResponse, error: unknown): void {
  const problems = error instanceof CodedErrors ? error.errors : [error]
  const errors = problems.map((problem) => problem instanceof CodedError ? problem.toJSON() : { code: 'RGT_DEFECT', message: String(problem) })
  const status = !(error instanceof CodedError) ? 500 : error.code === 'RGT_TOKEN' ? 401 : 400
  // What is left of a body that was too large is not read.
  response.setHeader('connection', 'close')
  send(response, status, { errors })
}

async function answer(request: IncomingMessage, token: string, handle: ControlHandler): Promise<unknown> {
  const given = Buffer.from(String(request.headers['x-regatta-token'] ?? ''))
  const host = String(request.headers.host ?? '').replace(/:\d+$/, '')
  const right = Buffer.from(token)
  if (given.length !== right.length || !timingSafeEqual(given, right) || !['127.0.0.1', 'localhost', '[::1]'].includes(host)) {
    throw gatewayError('RGT_TOKEN', 'the control port needs the token of its run', { hint: '`regatta inject` and `regatta down` send it' })
  }
  let text = ''
  request.setEncoding('utf8')
  for await (const chunk of request) {
    text += chunk as string
    if (text.length > maxBodyBytes) throw commandError('the request is too large', { expected: `at most ${maxBodyBytes} bytes` })
  }
  return handle(request.url ?? '/', text === '' ? null : json(text))
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw commandError('the request is not JSON', { found: (cause as Error).message, cause })
  }
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(value)}\n`)
}
