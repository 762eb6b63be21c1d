// The control listener of a services process: makes services late and wrong, and good again. It needs the run's token
// and to be called by address, so that no page in a browser can reach it.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isOwnHost } from '../../../../gateway/hosts.ts'
import { CodedError, gatewayError } from '../../../../gateway/errors.ts'
import { header } from '../../../../gateway/dataplane/bootstrap.ts'
import { topologyError } from '../../../errors.ts'
import type { ServicesBootstrap } from './bootstrap.ts'
import type { RunningEndpoint } from './endpoint.ts'

const maxBodyBytes = 65_536

export function controlListener({ token, region, hosts }: ServicesBootstrap, endpoints: readonly RunningEndpoint[]): Server {
  const answer = async (request: IncomingMessage): Promise<unknown> => {
    if (request.url === '/healthz') return { status: 'ok', region }
    if (!isOwnHost(request.headers.host, hosts) || request.headers[header.token] !== token) {
      throw gatewayError('RGT_TOKEN', 'the control port of the services needs the token of its run', { hint: `send ${header.token}` })
    }
    switch (`${request.method} ${request.url}`) {
      case 'POST /degrade': return { degraded: degrade(endpoints, await readBody(request)) }
      case 'POST /restore': return { restored: restore(endpoints, await readBody(request)) }
      case 'GET /status': return endpoints.map(({ endpoint, degradation, requests }) =>
        ({ service: endpoint.service, replica: endpoint.replica, port: endpoint.port, requests, degradation }))
    }
    throw topologyError('RGT_CONTROL_REQUEST', `there is no ${request.method} ${request.url}`, {
      expected: 'POST /degrade, POST /restore, GET /status or GET /healthz',
    })
  }
  return createServer((request, response) => {
    answer(request).then((body) => send(response, 200, body), (error: unknown) => {
      const coded = error instanceof CodedError ? error : topologyError('RGT_CONTROL_REQUEST', String(error), { cause: error })
      send(response, coded.code === 'RGT_TOKEN' ? 403 : 400, coded.toJSON())
    })
  })
}

function degrade(endpoints: readonly RunningEndpoint[], body: Record<string, unknown>): number {
  const { delayMs, errorRate } = body
  if (!isIn(delayMs, 0, 3_600_000) || !isIn(errorRate, 0, 1)) {
    throw topologyError('RGT_CONTROL_REQUEST', 'a degradation is a delay and a share of errors', {
      expected: '{services: [name] | null, delayMs: 0 to 3600000, errorRate: 0 to 1}', found: JSON.stringify(body),
    })
  }
  const chosen = choose(endpoints, body)
  for (const running of chosen) running.degradation = { delayMs, errorRate }
  return chosen.length
}

function restore(endpoints: readonly RunningEndpoint[], body: Record<string, unknown>): number {
  const chosen = choose(endpoints, body)
  for (const running of chosen) running.degradation = null
  return chosen.length
}

/** Named services, or all for null. A name that is not here is an error, or a fault would quietly not bite. */
function choose(endpoints: readonly RunningEndpoint[], { services = null }: Record<string, unknown>): RunningEndpoint[] {
  if (services === null) return [...endpoints]
  const known = new Set(endpoints.map(({ endpoint }) => endpoint.service))
  if (!Array.isArray(services) || !services.every((name) => known.has(name))) {
    throw topologyError('RGT_CONTROL_REQUEST', 'a service is not in this region', {
      expected: `some of ${[...known].join(', ')}, or null for all`, found: JSON.stringify(services),
    })
  }
  return endpoints.filter(({ endpoint }) => services.includes(endpoint.service))
}

const isIn = (value: unknown, low: number, high: number): value is number => typeof value === 'number' && value >= low && value <= high

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk as string
    if (text.length > maxBodyBytes) throw topologyError('RGT_CONTROL_REQUEST', 'the body is too large', { expected: `at most ${maxBodyBytes} bytes` })
  }
  const body: unknown = text === '' ? {} : JSON.parse(text)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw topologyError('RGT_CONTROL_REQUEST', 'the body is not an object', { found: text.slice(0, 80) })
  }
  return body as Record<string, unknown>
}

function send(response: ServerResponse, status: number, body: unknown): void {
  const text = `${JSON.stringify(body)}\n`
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}
