// One replica of one echo service: a listener that says who it is. What does not change between requests is
// made once, because a dozen processes share two cores with what is being measured.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Random } from '../../../../gateway/ports.ts'
import { header } from '../../../../gateway/dataplane/bootstrap.ts'
import { echoDelayMs, echoFails, type Degradation } from '../../../service-behaviour.ts'
import type { EchoEndpoint } from './bootstrap.ts'
import type { ServiceSpans } from './spans.ts'
import { workLine } from './work-line.ts'

/** Longer than any gateway keeps an idle connection, so that it is never the service that closes under a request. */
const keepAliveMs = 600_000

export interface RunningEndpoint {
  readonly endpoint: EchoEndpoint
  readonly server: Server
  degradation: Degradation | null
  requests: number
}

/** `spans`: who is told of answered requests; null = nobody. */
export function echoEndpoint(region: string, endpoint: EchoEndpoint, random: Random, spans: ServiceSpans | null): RunningEndpoint {
  const server = createServer({ keepAliveTimeout: keepAliveMs, requestTimeout: 0, headersTimeout: 60_000, noDelay: true })
  const running: RunningEndpoint = { endpoint, server, degradation: null, requests: 0 }
  const say = answerer(region, endpoint)
  const begin = spans?.of(endpoint)
  const line = workLine(endpoint.concurrency)
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // Health is answered past the line: a busy service is not a dead one.
    if (request.url === '/healthz') return answerHealth(response)
    running.requests++
    const tell = begin?.(request)
    const answer = (failed: boolean): void => {
      say(request, response, failed)
      tell?.(response.statusCode)
    }
    whenRead(request, () => line.enter(response, () => {
      const failed = echoFails(endpoint, running.degradation, random.next())
      const delayMs = echoDelayMs(endpoint, running.degradation, random.next())
      if (delayMs < 0.5) {
        answer(failed)
        setImmediate(line.leave)
        return
      }
      setTimeout(() => {
        answer(failed)
        line.leave()
      }, delayMs)
    }))
  })
  return running
}

/** A body must be read before the answer, or the connection cannot serve the next request. */
function whenRead(request: IncomingMessage, then: () => void): void {
  const hasBody = request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
  if (!hasBody) return then()
  request.on('end', then).resume()
}

function answerer(region: string, { service, replica, bytes }: EchoEndpoint) {
  const identity = `{"region":${JSON.stringify(region)},"service":${JSON.stringify(service)},"replica":${replica}`
  const fixed = ['content-type', 'application/json', 'x-echo-region', region, 'x-echo-service', service, 'x-echo-replica', String(replica)]
  const padding = 'x'.repeat(bytes)
  return (request: IncomingMessage, response: ServerResponse, failed: boolean): void => {
    const id = request.headers[header.requestId]
    const said = `${identity},"method":"${request.method}","path":${JSON.stringify(request.url)},"host":${JSON.stringify(request.headers.host ?? '')}`
      + `,"requestId":${JSON.stringify(id ?? '')}${receivedField(request)}${failed ? ',"error":"injected"' : ''}`
    const missing = bytes - Buffer.byteLength(said) - 1 - padField
    const body = missing >= 0 ? `${said},"pad":"${padding.slice(0, missing)}"}` : `${said}}`
    response.sendDate = false
    response.writeHead(failed ? 500 : 200, [...fixed, 'content-length', String(Buffer.byteLength(body))])
    response.end(request.method === 'HEAD' ? undefined : body)
  }
}

/**
 * Names of headers, comma-separated: the answer lists every one of them as it came, `"received":[[name,value]]`, doubled
 * ones twice, so that one sees what was changed on the way.
 */
export const echoHeaders = 'x-echo-headers'

function receivedField({ headers, rawHeaders }: IncomingMessage): string {
  const asked = headers[echoHeaders]
  if (typeof asked !== 'string') return ''
  const names = new Set(asked.toLowerCase().split(',').map((name) => name.trim()))
  const pairs = rawHeaders.flatMap((name, at) => at % 2 === 0 && names.has(name.toLowerCase()) ? [[name, rawHeaders[at + 1]]] : [])
  return `,"received":${JSON.stringify(pairs)}`
}

const padField = ',"pad":""'.length

function answerHealth(response: ServerResponse): void {
  response.writeHead(200, ['content-type', 'text/plain', 'content-length', '3'])
  response.end('ok\n')
}
