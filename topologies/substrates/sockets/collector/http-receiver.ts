// OTLP over HTTP (opentelemetry-proto, docs/specification.md, OTLP/HTTP): POST /v1/traces in protobuf, gzip or plain. A refusal
// is a google.rpc.Status (code = 1, message = 2) in protobuf, as the specification wants.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { BinaryWriter } from '@bufbuild/protobuf/wire'
import { CodedError } from '../../../../gateway/errors.ts'
import { bodyOf, unpacked } from './body.ts'
import type { Intake } from './intake.ts'

const protobuf = 'application/x-protobuf'

export function httpReceiver(intake: Intake): Server {
  const refuse = (response: ServerResponse, status: number, message: string): void => {
    intake.refuse()
    // What is left of the body is not waited for.
    response.writeHead(status, { 'content-type': protobuf, connection: 'close' })
    response.end(new BinaryWriter().tag(1, 0).int32(3).tag(2, 2).string(message).finish())
  }
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const problem = problemOf(request)
    if (problem !== null) {
      refuse(response, ...problem)
      return
    }
    try {
      const body = await bodyOf(request)
      intake.take(request.headers['content-encoding'] === 'gzip' ? await unpacked(body) : body)
    } catch (error) {
      if (!response.destroyed) refuse(response, error instanceof CodedError && error.code === 'RGT_OTLP_LIMIT' ? 413 : 400, String(error))
      return
    }
    // An empty ExportTraceServiceResponse: all of it was taken.
    response.writeHead(200, { 'content-type': protobuf, 'content-length': 0 }).end()
  }
  const server = createServer({ keepAliveTimeout: 65_000, headersTimeout: 5_000, requestTimeout: 10_000 }, (request, response) => void take(request, response))
  server.on('clientError', (_error, socket) => socket.destroy())
  return server
}

function problemOf({ method, url, headers }: IncomingMessage): [status: number, message: string] | null {
  if (url !== '/v1/traces') return [404, 'only /v1/traces is served']
  if (method !== 'POST') return [405, 'only POST is served']
  if (headers['content-type']?.split(';')[0].trim() !== protobuf) return [415, `only ${protobuf} is taken`]
  if (!['gzip', 'identity', undefined].includes(headers['content-encoding'])) return [415, 'only gzip is unpacked']
  return null
}
