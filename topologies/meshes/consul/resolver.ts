// The DNS server of one region. A mesh gateway advertises one name to all its peers; each region resolves that name to
// its own entry of the fault proxy, so that a link of one region can be cut and nobody else's.

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { isIPv4 } from 'node:net'
import type { SnapshotAddress } from '../../../gateway/snapshot/snapshot.ts'
import { topologyError } from '../../errors.ts'
import { internet, rcode, readQuery, type, writeAnswer, type Query } from './dns-message.ts'

/** Names hold for a run; proxies ask again as often as they are told by their own configuration. */
const ttlS = 1

export interface ResolverCounts {
  /** Answered with an address. */
  addresses: number
  /** A name of ours, but no record of that type: AAAA. */
  noData: number
  /** Names that this region does not have, and classes and operations other than an internet query. */
  refused: number
  /** Ignored: no query. */
  malformed: number
  /** Answers that the kernel did not take. */
  unsent: number
}

export interface Resolver extends AsyncDisposable {
  readonly address: SnapshotAddress
  readonly counts: Readonly<ResolverCounts>
  close(): Promise<void>
}

/**
 * `names`: host name (any case) → IPv4 address. Port 0 takes any.
 * @throws CodedError RGT_PORT when the port is taken; RGT_MESH for what is no IPv4 address.
 */
export async function startResolver(names: Readonly<Record<string, string>>, { host, port }: SnapshotAddress): Promise<Resolver> {
  const known = new Map(Object.entries(names).map(([name, address]) => [name.toLowerCase(), bytesOf(name, address)]))
  const counts: ResolverCounts = { addresses: 0, noData: 0, refused: 0, malformed: 0, unsent: 0 }
  const socket = await bind({ host, port })
  socket.on('error', () => counts.unsent++)
  socket.on('message', (message, from) => {
    const query = readQuery(message)
    if (query === null) {
      counts.malformed++
      return
    }
    socket.send(answerTo(query, known, counts), from.port, from.address, (error) => {
      if (error !== null) counts.unsent++
    })
  })
  let closed: Promise<void> | null = null
  const close = (): Promise<void> => closed ??= new Promise((resolve) => { socket.close(resolve) })
  return { address: { host, port: socket.address().port }, counts, close, [Symbol.asyncDispose]: close }
}

function answerTo(query: Query, known: ReadonlyMap<string, Buffer>, counts: ResolverCounts): Buffer {
  const address = known.get(query.name)
  const refusal = query.opcode !== 0 ? rcode.notImplemented : query.class !== internet ? rcode.refused : address === undefined ? rcode.nameError : null
  if (address === undefined || refusal !== null) {
    counts.refused++
    return writeAnswer(query, refusal ?? rcode.nameError, [], ttlS)
  }
  const addresses = query.type === type.A ? [address] : []
  counts[addresses.length === 0 ? 'noData' : 'addresses']++
  return writeAnswer(query, rcode.noError, addresses, ttlS)
}

function bytesOf(name: string, address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  throw topologyError('RGT_MESH', `the name ${name} cannot be resolved`, { expected: 'an IPv4 address', found: address })
}

async function bind({ host, port }: SnapshotAddress): Promise<Socket> {
  const socket = createSocket('udp4')
  try {
    socket.bind({ address: host, port })
    await once(socket, 'listening')
    return socket
  } catch (cause) {
    socket.close()
    throw topologyError('RGT_PORT', 'the resolver of a region could not listen', {
      expected: `UDP port ${host}:${port} to be free`, found: (cause as Error).message, hint: 'another process took the port meanwhile: start again', cause,
    })
  }
}
