// The trace that a client's request begins: a pure function of the request's id, so that whoever reads the history knows
// which trace a request ought to have, without having been told. Also run inside k6: plain arithmetic only.

/** Ids in hex. Flags: not sampled, random (W3C trace context level 2): every bit of the trace id is spread evenly. */
export interface ClientTrace { traceId: string; spanId: string }

/** Six words of MurmurHash3's finaliser (Austin Appleby, public domain) over FNV-1a of the id and the word's number. */
export function clientTrace(requestId: string): ClientTrace {
  let text = ''
  for (let word = 0; word < 6; word++) {
    let hash = 0x811c9dc5 ^ Math.imul(word + 1, 0x9e3779b1)
    for (let index = 0; index < requestId.length; index++) hash = Math.imul(hash ^ requestId.charCodeAt(index), 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    text += ((hash ^ (hash >>> 16)) >>> 0).toString(16).padStart(8, '0')
  }
  return { traceId: text.slice(0, 32), spanId: text.slice(32) }
}

export const clientTraceparent = (requestId: string): string => {
  const { traceId, spanId } = clientTrace(requestId)
  return `00-${traceId}-${spanId}-02`
}
