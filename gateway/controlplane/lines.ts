// Splits a byte stream into lines without copying a line that is still arriving again and again: a whole snapshot
// is one line of megabytes in many chunks.

import { gatewayError } from '../errors.ts'

const newline = 0x0a

/** Calls `line` for each complete line. Throws RGT_SNAPSHOT_FORMAT when one grows beyond `maxBytes`. */
export function lineSplitter(maxBytes: number, line: (text: string) => void): (chunk: Buffer) => void {
  let pending: Buffer[] = []
  let pendingBytes = 0
  return (chunk) => {
    let from = 0
    for (let to = chunk.indexOf(newline); to !== -1; to = chunk.indexOf(newline, from)) {
      pending.push(chunk.subarray(from, to))
      const text = pending.length === 1 ? pending[0].toString('utf8') : Buffer.concat(pending).toString('utf8')
      pending = []
      pendingBytes = 0
      from = to + 1
      line(text)
    }
    if (from === chunk.length) return
    pending.push(chunk.subarray(from))
    pendingBytes += chunk.length - from
    if (pendingBytes > maxBytes) {
      throw gatewayError('RGT_SNAPSHOT_FORMAT', 'a line of the control plane is too long', { expected: `at most ${maxBytes} bytes` })
    }
  }
}
