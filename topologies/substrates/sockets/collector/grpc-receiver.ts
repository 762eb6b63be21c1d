// OTLP over gRPC: one unary call over HTTP/2 in plain text (grpc.io, PROTOCOL-HTTP2). Refusals are gRPC statuses.

import { constants, createServer, type Http2Server, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { CodedError } from '../../../../gateway/errors.ts'
import { topologyError } from '../../../errors.ts'
import { bodyOf, unpacked } from './body.ts'
import type { Intake } from './intake.ts'

const exportPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html */
const Status = { invalidArgument: 3, resourceExhausted: 8, unimplemented: 12 } as const
/** One octet: packed or not; four: length. */
const prefix = 5

export interface GrpcReceiver { server: Http2Server; closeAll(): void }

export function grpcReceiver(intake: Intake): GrpcReceiver {
  const sessions = new Set<ServerHttp2Session>()
  const refuse = (stream: ServerHttp2Stream, status: number, message: string): void => {
    intake.refuse()
    if (stream.destroyed || stream.headersSent) return
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto', 'grpc-status': status, 'grpc-message': encodeURIComponent(message) }, { endStream: true })
    stream.close(constants.NGHTTP2_NO_ERROR)
  }
  const take = async (stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> => {
    if (headers[':path'] !== exportPath) {
      refuse(stream, Status.unimplemented, `only ${exportPath} is served`)
      return
    }
    try {
      intake.take(await messageOf(stream, headers['grpc-encoding']))
    } catch (error) {
      refuse(stream, error instanceof CodedError && error.code === 'RGT_OTLP_LIMIT' ? Status.resourceExhausted : Status.invalidArgument, String(error))
      return
    }
    if (stream.destroyed) return
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': 0 }))
    stream.respond({ ':status': 200, 'content-type': 'application/grpc+proto' }, { waitForTrailers: true })
    // An empty ExportTraceServiceResponse: all of it was taken.
    stream.end(Buffer.alloc(prefix))
  }
  const server = createServer()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', () => session.destroy()).on('close', () => sessions.delete(session))
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => stream.close())
    void take(stream, headers)
  })
  return { server, closeAll: () => sessions.forEach((session) => session.destroy()) }
}

async function messageOf(stream: ServerHttp2Stream, encoding: string | string[] | undefined): Promise<Buffer> {
  const frame = await bodyOf(stream)
  if (frame.length < prefix || frame.readUInt32BE(1) !== frame.length - prefix) {
    throw topologyError('RGT_OTLP', 'a unary call has one whole message', { found: `${frame.length} octets` })
  }
  const message = frame.subarray(prefix)
  if (frame[0] === 0) return message
  if (encoding !== 'gzip') throw topologyError('RGT_OTLP', 'only gzip is unpacked', { found: String(encoding) })
  return unpacked(message)
}
