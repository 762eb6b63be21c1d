// How toxiproxy-node-client talks: its own transport is the global fetch, which can carry no token and tells
// nobody why a call failed. This one keeps a few connections, sends the token, and keeps Toxiproxy's words.

import { Toxiproxy } from 'toxiproxy-node-client'
import { Pool } from 'undici'
import { topologyError } from '../../../errors.ts'

/** Enough to keep a proxy busy; more only queue inside it. */
const connections = 8
/** An API that takes longer is stuck (Toxiproxy waits for toxics that wait for a full socket). */
const answerWithinMs = 5_000
/** A refused bulk call repeats everything that it made before the refusal. */
const longestText = 300

export interface ApiClient {
  toxiproxy: Toxiproxy
  close(): Promise<void>
}

/**
 * A Toxiproxy client for a loopback API; its calls throw CodedError RGT_FAULT_PROXY. Real Toxiproxy ignores the token: it has none of its own, and is
 * protected by listening on loopback and by refusing browsers only.
 */
export function openApiClient(port: number, token: string | null): ApiClient {
  const origin = `http://127.0.0.1:${port}`
  const pool = new Pool(origin, { connections, headersTimeout: answerWithinMs, bodyTimeout: answerWithinMs })
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (token !== null) headers['x-regatta-token'] = token

  const call = async (method: 'GET' | 'POST' | 'DELETE', url: string, body?: unknown): Promise<string> => {
    const answer = await pool.request({
      method, path: url.slice(origin.length), headers, body: body === undefined ? null : JSON.stringify(body),
    }).catch((cause: Error) => {
      throw topologyError('RGT_FAULT_PROXY', `${method} ${url} got no answer`, { found: cause.message, cause })
    })
    const text = await answer.body.text()
    if (answer.statusCode >= 400) {
      throw topologyError('RGT_FAULT_PROXY', `${method} ${url} was refused with status ${answer.statusCode}`, {
        found: text.trim().slice(0, longestText),
        ...(text.includes('address already in use') ? { hint: 'another process took the port meanwhile: start again' } : {}),
      })
    }
    return text
  }
  const parsed = async <T>(text: Promise<string>): Promise<{ data: T }> => {
    const body = await text
    return { data: (body === '' ? undefined : JSON.parse(body)) as T }
  }
  const transport: Pick<Toxiproxy['api'], 'get' | 'post' | 'delete' | 'getText'> = {
    get: (url) => parsed(call('GET', url)),
    post: (url, body) => parsed(call('POST', url, body)),
    delete: async (url) => void await call('DELETE', url),
    getText: (url) => call('GET', url),
  }
  const toxiproxy = new Toxiproxy(origin)
  // The client declares private methods on its transport but calls only these four.
  toxiproxy.api = transport as Toxiproxy['api']
  return { toxiproxy, close: () => pool.destroy() }
}
