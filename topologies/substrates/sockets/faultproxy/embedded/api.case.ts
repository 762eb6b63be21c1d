// The API call by call: what is asked, and the answer to the byte. Real Toxiproxy 2.12 gives these answers;
// texts that come from Go's JSON decoder are held to their beginning only.

import { expect, test } from 'vitest'

export interface Wire {
  origin: string
  headers: Record<string, string>
}

interface Exchange {
  ask: [method: string, path: string, body?: unknown]
  status: number
  /** Whole body, or its beginning. */
  body: string | { startsWith: string }
  type?: string
}

/** Toxiproxy prints a field of its Go structure that was not meant to be seen; ours does not. */
const leaked = '"Logger":{},'
const json = 'application/json'
const text = 'text/plain; charset=utf-8'
const error = (message: string, status: number): Pick<Exchange, 'status' | 'body' | 'type'> =>
  ({ status, body: `{"error":"${message}","status":${status}}\n`, type: text })
const badBody = { status: 400, body: { startsWith: '{"error":"bad request body: ' }, type: text }

function exchanges(port: number, other: number, taken: number): Exchange[] {
  const listen = `127.0.0.1:${port}`
  const proxy = (enabled: boolean, toxics = ''): string =>
    `{"name":"a","listen":"${listen}","upstream":"127.0.0.1:9","enabled":${enabled},"toxics":[${toxics}]}`
  const latency = (ms: number, toxicity = '1'): string =>
    `{"attributes":{"latency":${ms},"jitter":0},"name":"latency_downstream","type":"latency","stream":"downstream","toxicity":${toxicity}}`
  const create = { name: 'a', listen, upstream: '127.0.0.1:9' }
  return [
    { ask: ['GET', '/proxies'], status: 200, body: '{}', type: json },
    { ask: ['POST', '/proxies', create], status: 201, body: proxy(true), type: json },
    { ask: ['POST', '/proxies', create], ...error('proxy already exists', 409) },
    { ask: ['POST', '/proxies', { name: '', upstream: 'x:1' }], ...error('missing required field: name', 400) },
    { ask: ['POST', '/proxies', { name: 'b' }], ...error('missing required field: upstream', 400) },
    { ask: ['POST', '/proxies', '{'], ...badBody },
    { ask: ['POST', '/proxies', { name: 1 }], ...badBody },
    { ask: ['POST', '/proxies', { name: 'c', listen: `127.0.0.1:${taken}`, upstream: 'x:1' }], ...error(`listen tcp 127.0.0.1:${taken}: bind: address already in use`, 500) },
    { ask: ['GET', '/proxies/a'], status: 200, body: proxy(true), type: json },
    { ask: ['GET', '/proxies/none'], ...error('proxy not found', 404) },
    { ask: ['GET', '/nowhere'], status: 404, body: '404 page not found\n', type: text },
    { ask: ['PUT', '/proxies'], status: 405, body: '' },

    { ask: ['POST', '/proxies/a/toxics', { type: 'latency', attributes: { latency: 5 } }], status: 200, body: latency(5), type: json },
    { ask: ['POST', '/proxies/a/toxics', { type: 'latency' }], ...error('toxic already exists', 409) },
    { ask: ['POST', '/proxies/a/toxics', { type: 'magic' }], ...error('invalid toxic type', 400) },
    { ask: ['POST', '/proxies/a/toxics', { type: 'latency', stream: 'up' }], ...error('stream was invalid, can be either upstream or downstream', 400) },
    { ask: ['POST', '/proxies/a/toxics', { type: 'latency', name: 'z', attributes: { latency: 1.5 } }], ...badBody },
    { ask: ['POST', '/proxies/a/toxics', { type: 'latency', name: 'z', attributes: { latency: 'long' } }], ...badBody },
    { ask: ['GET', '/proxies/a/toxics'], status: 200, body: `[${latency(5)}]`, type: json },
    { ask: ['GET', '/proxies/a/toxics/latency_downstream'], status: 200, body: latency(5), type: json },
    { ask: ['GET', '/proxies/a/toxics/none'], ...error('toxic not found', 404) },
    { ask: ['POST', '/proxies/a/toxics/latency_downstream', { attributes: { latency: 7 }, toxicity: 0.5 }], status: 200, body: latency(7, '0.5'), type: json },
    { ask: ['PATCH', '/proxies/a/toxics/latency_downstream', { toxicity: 1 }], status: 200, body: latency(7), type: json },
    ...([
      ['bandwidth', '{"rate":0}'], ['timeout', '{"timeout":0}'], ['reset_peer', '{"timeout":0}'], ['slow_close', '{"delay":0}'],
      ['limit_data', '{"bytes":0}'], ['slicer', '{"average_size":0,"size_variation":0,"delay":0}'],
    ].flatMap(([type, attributes]): Exchange[] => [
      { ask: ['POST', '/proxies/a/toxics', { type, stream: 'upstream', name: type }], status: 200, body: `{"attributes":${attributes},"name":"${type}","type":"${type}","stream":"upstream","toxicity":1}`, type: json },
      { ask: ['DELETE', `/proxies/a/toxics/${type}`], status: 204, body: '' },
    ])),
    { ask: ['POST', '/proxies/a', { enabled: false }], status: 200, body: proxy(false, latency(7)), type: json },
    { ask: ['GET', '/proxies'], status: 200, body: `{"a":${proxy(false, latency(7))}}`, type: json },
    { ask: ['POST', '/reset'], status: 204, body: '' },
    { ask: ['GET', '/proxies/a'], status: 200, body: proxy(true), type: json },
    { ask: ['POST', '/proxies/a/toxics', { type: 'latency', attributes: { latency: 5 } }], status: 200, body: latency(5), type: json },
    { ask: ['DELETE', '/proxies/a/toxics/latency_downstream'], status: 204, body: '' },
    { ask: ['DELETE', '/proxies/a/toxics/latency_downstream'], ...error('toxic not found', 404) },

    { ask: ['POST', '/populate', [create, { name: 'b', listen: `127.0.0.1:${other}`, upstream: 'localhost:9', enabled: false }]], status: 201,
      body: `{"proxies":[${proxy(true)},{"name":"b","listen":"127.0.0.1:${other}","upstream":"localhost:9","enabled":false,"toxics":[]}]}`, type: json },
    { ask: ['POST', '/populate', [{ name: 'x' }]], status: 400, body: '{"error":"missing required field: upstream at proxy 1","status":400,"proxies":null}', type: json },
    { ask: ['POST', '/populate', []], status: 201, body: '{"proxies":null}', type: json },
    { ask: ['POST', '/populate', {}], status: 400, body: { startsWith: '{"error":"bad request body: ' }, type: json },
    { ask: ['DELETE', '/proxies/a'], status: 204, body: '' },
    { ask: ['DELETE', '/proxies/a'], ...error('proxy not found', 404) },
    { ask: ['DELETE', '/proxies/b'], status: 204, body: '' },
  ]
}

/** `ports`: two that are free and one that is taken. */
export function apiCases(wire: () => Wire, ports: () => [number, number, number]): void {
  test('answers each call to the byte', async () => {
    const { origin, headers } = wire()
    for (const { ask: [method, path, body], status, body: wanted, type } of exchanges(...ports())) {
      const answer = await fetch(origin + path, {
        method, headers, ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const found = (await answer.text()).replaceAll(leaked, '')
      const call = `${method} ${path} ${JSON.stringify(body)}`
      expect.soft({ call, status: answer.status, type: answer.headers.get('content-type') ?? undefined }).toEqual({ call, status, type })
      if (typeof wanted === 'string') expect.soft(found, call).toBe(wanted)
      else expect.soft(found.slice(0, wanted.startsWith.length), call).toBe(wanted.startsWith)
    }
  })

  test('turns browsers away', async () => {
    const { origin, headers } = wire()
    const answer = await fetch(`${origin}/version`, { headers: { ...headers, 'user-agent': 'Mozilla/5.0' } })
    expect([answer.status, await answer.text()]).toEqual([403, 'User agent not allowed\n'])
  })
}
