// One proxy: a listener, its toxics in the order in which they were added, and the connections through it.
// Toxics outlive the listener: a proxy that is disabled and enabled again keeps them.

import { createServer, type Server } from 'node:net'
import type { Random } from '../../../../../gateway/ports.ts'
import type { Alarms } from './alarms.ts'
import { openConnection, type Connection } from './connection.ts'
import { ApiError, apiErrors, type ProxyInput, type Stream, type Toxic } from './wire.ts'

export interface Proxy {
  readonly name: string
  toJson(): ProxyInput & { toxics: Toxic[] }
  start(): Promise<void>
  stop(): Promise<void>
  update(input: ProxyInput): Promise<void>
  toxics(): Toxic[]
  find(name: string): Toxic | undefined
  addToxic(toxic: Toxic): void
  updateToxic(toxic: Toxic, change: Pick<Toxic, 'attributes' | 'toxicity'>): void
  removeToxic(toxic: Toxic): void
  /** Does it stand where another one wants to? */
  differs(input: ProxyInput): boolean
}

export function createProxy(input: ProxyInput, alarms: Alarms, random: Random): Proxy {
  const { name } = input
  let { listen, upstream } = input
  let server: Server | null = null
  const chain: Record<Stream, Toxic[]> = { upstream: [], downstream: [] }
  const connections = new Set<Connection>()

  const eachLink = (stream: Stream, act: (link: NonNullable<Connection['links']>[Stream]) => void): void => {
    for (const { links } of connections) if (links !== null) act(links[stream])
  }
  const start = async (): Promise<void> => {
    if (server !== null) return
    const target = parseAddress(upstream)
    const opened = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (client) => {
      connections.add(openConnection({
        alarms, random, client, upstream: target, chain, onGone: (gone) => connections.delete(gone),
      }))
    })
    await listenOn(opened, listen)
    const { address, port, family } = opened.address() as { address: string; port: number; family: string }
    listen = family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
    server = opened
  }
  const stop = async (): Promise<void> => {
    if (server === null) return
    const closed = new Promise<void>((resolve) => server!.close(() => resolve()))
    server = null
    for (const connection of connections) connection.destroy()
    await closed
  }
  const differs = (other: ProxyInput): boolean => sameListener(other.listen) !== listen || other.upstream !== upstream
  return {
    name,
    toJson: () => ({ name, listen, upstream, enabled: server !== null, toxics: [...chain.upstream, ...chain.downstream] }),
    start,
    stop,
    differs,
    async update(next) {
      if (differs(next)) {
        await stop()
        listen = next.listen
        upstream = next.upstream
      }
      if (next.enabled) await start()
      else await stop()
    },
    toxics: () => [...chain.upstream, ...chain.downstream],
    find: (wanted) => [...chain.upstream, ...chain.downstream].find((toxic) => toxic.name === wanted),
    addToxic(toxic) {
      if (this.find(toxic.name) !== undefined) throw apiErrors.toxicExists()
      chain[toxic.stream].push(toxic)
      eachLink(toxic.stream, (link) => link.add(toxic))
    },
    updateToxic(toxic, change) {
      Object.assign(toxic, change)
      eachLink(toxic.stream, (link) => link.update(toxic))
    },
    removeToxic(toxic) {
      chain[toxic.stream] = chain[toxic.stream].filter((other) => other !== toxic)
      eachLink(toxic.stream, (link) => link.remove(toxic))
    },
  }
}

/** As Go resolves it: `localhost` and the empty host have an address. */
function sameListener(listen: string): string {
  return listen.replace(/^localhost:/, '127.0.0.1:')
}

function parseAddress(address: string): { host: string; port: number } {
  const found = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(address)
  if (found === null) throw new ApiError(`address ${address}: missing port in address`, 500)
  const host = found[1] ?? found[2]
  return { host: host === '' || host === 'localhost' ? '127.0.0.1' : host, port: Number(found[3]) }
}

function listenOn(server: Server, listen: string): Promise<void> {
  const { host, port } = listen === '' ? { host: '127.0.0.1', port: 0 } : parseAddress(listen)
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? 'bind: address already in use' : error.message
      reject(new ApiError(`listen tcp ${host}:${port}: ${why}`, 500))
    })
    server.listen({ host, port, backlog: 4096 }, resolve)
  })
}
