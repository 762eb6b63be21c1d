// Header fields as parallel arrays: names in lower case and interned, values as on the wire (latin1), and a
// number of flags a field that says who may copy it on. Copying a head is then one loop and no lookups.

import type { HeaderView } from '../routing/table.ts'
import { traceFields } from '../telemetry/context/index.ts'

/** Why a field is not simply copied. A field may carry several flags. */
export const FieldFlag = {
  /** Belongs to one hop (RFC 9110, section 7.6.1). */
  HopByHop: 1,
  /** Content-Length and Transfer-Encoding: written anew from the framing that was read. */
  Framing: 2,
  Host: 4,
  /** Our own headers; never taken from services, never given to them. */
  Regatta: 8,
  /** X-Forwarded-*: written anew with this hop appended. */
  Forwarded: 16,
  RequestId: 32,
  Expect: 64,
  Connection: 128,
  /** Trace context: copied on as it came, unless this gateway has a part in the trace and writes its own. */
  Trace: 256,
} as const

interface NameInfo { name: string; flags: number }

const wellKnown: Record<string, number> = {
  connection: FieldFlag.HopByHop | FieldFlag.Connection,
  'keep-alive': FieldFlag.HopByHop,
  'proxy-connection': FieldFlag.HopByHop,
  'proxy-authenticate': FieldFlag.HopByHop,
  'proxy-authorization': FieldFlag.HopByHop,
  te: FieldFlag.HopByHop,
  upgrade: FieldFlag.HopByHop,
  'http2-settings': FieldFlag.HopByHop,
  'content-length': FieldFlag.Framing,
  'transfer-encoding': FieldFlag.Framing | FieldFlag.HopByHop,
  host: FieldFlag.Host,
  expect: FieldFlag.Expect,
  'x-request-id': FieldFlag.RequestId,
  'x-forwarded-for': FieldFlag.Forwarded,
  'x-forwarded-proto': FieldFlag.Forwarded,
  'x-forwarded-host': FieldFlag.Forwarded,
  ...Object.fromEntries(traceFields.map((name) => [name, FieldFlag.Trace])),
  // Said by a sidecar to its gateway; nobody else is to believe or to be told it.
  'x-forwarded-client-cert': FieldFlag.Forwarded,
}

/** Names seen on the wire, in the case seen there. Bounded, so that hostile names cannot fill memory. */
const seen = new Map<string, NameInfo>()
const maxSeen = 2048
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Flags and lower-case form of a name, or null when it is not a token (RFC 9110, section 5.6.2). */
export function nameInfo(raw: string): NameInfo | null {
  const known = seen.get(raw)
  if (known !== undefined) return known
  if (!token.test(raw)) return null
  const lower = raw.toLowerCase()
  const interned = lower === raw ? null : nameInfo(lower)
  const info = interned ?? { name: lower, flags: wellKnown[lower] ?? (lower.startsWith('x-regatta-') ? FieldFlag.Regatta : 0) }
  if (seen.size < maxSeen && raw.length <= 64) seen.set(raw, info)
  return info
}

export class Fields implements HeaderView {
  readonly names: string[] = []
  readonly values: string[] = []
  readonly flags: number[] = []

  /** Names are case-insensitive; repeats are joined by ', ' as RFC 9110, section 5.3 allows. */
  get(name: string): string | undefined {
    const names = this.names
    const first = names.indexOf(name)
    if (first === -1) return undefined
    let value = this.values[first]
    for (let index = names.indexOf(name, first + 1); index !== -1; index = names.indexOf(name, index + 1)) {
      value += `, ${this.values[index]}`
    }
    return value
  }

  append(name: string, value: string): void {
    this.names.push(name)
    this.values.push(value)
    this.flags.push(nameInfo(name)?.flags ?? 0)
  }

  set(name: string, value: string): void {
    this.remove(name)
    this.append(name, value)
  }

  remove(name: string): void {
    const { names, values, flags } = this
    let kept = 0
    for (let index = 0; index < names.length; index++) {
      if (names[index] === name) continue
      names[kept] = names[index]
      values[kept] = values[index]
      flags[kept++] = flags[index]
    }
    names.length = values.length = flags.length = kept
  }

  copy(): Fields {
    const copy = new Fields()
    for (let index = 0; index < this.names.length; index++) {
      copy.names.push(this.names[index])
      copy.values.push(this.values[index])
      copy.flags.push(this.flags[index])
    }
    return copy
  }
}
