// Messages of DNS as far as a stub resolver's question and an answer of addresses need (RFC 1035, section 4). Pure, so
// that what arrives on a socket from anybody can be tried on it by the thousand.

/** Types, classes and response codes by RFC 1035, sections 3.2 and 4.1.1; AAAA by RFC 3596. */
export const type = { A: 1, AAAA: 28 } as const
export const internet = 1
export const rcode = { noError: 0, nameError: 3, notImplemented: 4, refused: 5 } as const

export interface Query {
  id: number
  /** 0 is a standard query. */
  opcode: number
  recursionDesired: boolean
  /** Lower case, without the dot at its end. A dot inside a label is written `\.`, so it is never taken for two labels. */
  name: string
  type: number
  class: number
  /** As it came: an answer repeats it byte by byte, because clients check the case of its letters too. */
  question: Buffer
}

const headerBytes = 12
/** Of a name as it is sent, lengths and the root included (RFC 1035, section 2.3.4). */
const longestName = 255
const longestLabel = 63

/** null for what is no query of one question. What follows the question (EDNS) is left unread, as RFC 6891 lets us. */
export function readQuery(message: Buffer): Query | null {
  if (message.length < headerBytes || message.readUInt16BE(4) !== 1) return null
  const flags = message.readUInt16BE(2)
  // An answer that is answered would go back and forth for ever.
  if ((flags & 0x8000) !== 0) return null
  const labels: string[] = []
  let at = headerBytes
  for (;;) {
    const length = message[at]
    // More than 63 is a pointer, and there is nothing before the first name to point at.
    if (length === undefined || length > longestLabel) return null
    const label = message.subarray(at + 1, at + 1 + length)
    at += 1 + length
    if (label.length < length || at - headerBytes > longestName) return null
    if (length === 0) break
    labels.push(label.toString('latin1').replaceAll('.', '\\.'))
  }
  if (message.length < at + 4) return null
  return {
    id: message.readUInt16BE(0), opcode: (flags >> 11) & 0xf, recursionDesired: (flags & 0x0100) !== 0,
    name: labels.join('.').toLowerCase(), type: message.readUInt16BE(at), class: message.readUInt16BE(at + 2),
    question: message.subarray(headerBytes, at + 4),
  }
}

/** An authoritative answer with the addresses (four bytes each) that it gives. */
export function writeAnswer(query: Query, code: number, addresses: readonly Buffer[], ttlS: number): Buffer {
  const header = Buffer.alloc(headerBytes)
  header.writeUInt16BE(query.id, 0)
  header.writeUInt16BE(0x8400 | (query.opcode << 11) | (query.recursionDesired ? 0x0100 : 0) | code, 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(addresses.length, 6)
  const records = addresses.map((address) => {
    const record = Buffer.alloc(headerBytes)
    // Its name is the question's, which stands right behind the header.
    record.writeUInt16BE(0xc000 | headerBytes, 0)
    record.writeUInt16BE(type.A, 2)
    record.writeUInt16BE(internet, 4)
    record.writeUInt32BE(ttlS, 6)
    record.writeUInt16BE(address.length, 10)
    return Buffer.concat([record, address])
  })
  return Buffer.concat([header, query.question, ...records])
}
