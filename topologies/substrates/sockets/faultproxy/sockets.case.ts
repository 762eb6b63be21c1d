// The two ends that the contract suite puts around a proxy: small servers, and a client that remembers what
// it heard.

import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

export interface Served {
  port: number
  close(): Promise<void>
}

export interface Dialled {
  socket: Socket
  /** Resolves when the connection is closed, cleanly or not. */
  closed: Promise<void>
  isClosed(): boolean
  received(): string
  /** Send, and wait until as many bytes more have come; gives those. */
  ask(text: string): Promise<string>
  until(text: string): Promise<void>
  untilBytes(count: number): Promise<void>
  roundTripMs(): Promise<number>
}

export function serveEcho(): Promise<Served> {
  return serveWith((socket) => socket.pipe(socket))
}

export async function serveWith(meet: (socket: Socket) => void): Promise<Served> {
  const open = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    open.add(socket)
    socket.on('error', () => {}).on('close', () => open.delete(socket))
    meet(socket)
  })
  const port = await listen(server)
  return {
    port,
    async close() {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function listen(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as { port: number }).port
}

let nextPort = 20_000 + (process.pid * 61) % 10_000

/** Ports below the range from which the kernel serves outgoing connections, so that none is taken meanwhile. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = []
  while (ports.length < count) {
    nextPort = nextPort >= 32_000 ? 20_000 : nextPort + 1
    const server = createServer()
    const isFree = await listen(server, nextPort).then(() => true, () => false)
    if (!isFree) continue
    ports.push(nextPort)
    await new Promise((resolve) => server.close(resolve))
  }
  return ports
}

export async function closedPort(): Promise<number> {
  return (await freePorts(1))[0]
}

/** @throws the connection's error, for example ECONNREFUSED. */
export async function dial(port: number): Promise<Dialled> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  let received = ''
  let isClosed = false
  await once(socket, 'connect')
  socket.on('error', () => {}).on('data', (chunk) => { received += chunk.toString('latin1') })
  const closed = new Promise<void>((resolve) => socket.once('close', () => {
    isClosed = true
    resolve()
  }))
  const wait = async (enough: () => boolean): Promise<void> => {
    while (!enough()) {
      if (isClosed) throw new Error(`the connection closed after ${received.length} bytes`)
      await Promise.race([once(socket, 'data'), closed])
    }
  }
  const ask = async (text: string): Promise<string> => {
    const before = received.length
    socket.write(text)
    await wait(() => received.length >= before + text.length)
    return received.slice(before)
  }
  return {
    socket,
    closed,
    isClosed: () => isClosed,
    received: () => received,
    ask,
    until: (text) => wait(() => received.includes(text)),
    untilBytes: (count) => wait(() => received.length >= count),
    async roundTripMs() {
      const start = performance.now()
      await ask('.')
      return performance.now() - start
    },
  }
}
