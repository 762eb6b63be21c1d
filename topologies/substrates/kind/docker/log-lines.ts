// Pure: lines out of what `docker logs --timestamps` writes. The daemon cuts long lines into pieces and puts a
// timestamp before each; when it turns to a new file while somebody follows, it repeats the last lines of the old one.

/** The daemon's `2006-01-02T15:04:05.000000000Z `, always of this length. */
const stamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z $/
const stampBytes = 31
/** Longer lines come in pieces of this many bytes (moby: daemon/logger/copier.go, defaultBufSize). */
const pieceBytes = 16 * 1024
/** Repeated lines are looked for among so many. */
const remembered = 4096

export interface LogLines {
  take(chunk: Uint8Array): void
  /** The stream ends; what is left of an unfinished line will be read again from its beginning. */
  cut(): void
  /** Timestamp of the last whole line; null before the first. */
  readonly last: string | null
}

export function openLogLines(line: (line: string) => void): LogLines {
  let rest: Buffer = Buffer.alloc(0)
  let last: string | null = null
  let latest = ''
  const recent = new Set<string>()

  const isRepeated = (at: string): boolean => {
    // A wall clock may be set back, so an older timestamp alone does not tell a repeated line.
    if (at <= latest && recent.has(at)) return true
    recent.add(at)
    if (recent.size > remembered) recent.delete(recent.values().next().value!)
    if (at > latest) latest = at
    return false
  }
  const whole = (bytes: Buffer): void => {
    const at = stampOf(bytes)
    if (at === null) return line(bytes.toString())
    if (isRepeated(at)) return
    last = at
    line(withoutStamps(bytes))
  }
  return {
    get last() { return last },
    take(chunk) {
      rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
      let from = 0
      for (let end = rest.indexOf(10); end !== -1; end = rest.indexOf(10, from)) {
        whole(rest.subarray(from, end))
        from = end + 1
      }
      rest = rest.subarray(from)
    },
    cut() {
      rest = Buffer.alloc(0)
    },
  }
}

function stampOf(bytes: Buffer): string | null {
  const text = bytes.toString('latin1', 0, stampBytes)
  return stamp.test(text) ? text.trimEnd() : null
}

function withoutStamps(bytes: Buffer): string {
  if (bytes.length <= stampBytes + pieceBytes) return bytes.toString('utf8', stampBytes)
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length;) {
    const from = stampOf(bytes.subarray(at)) === null ? at : at + stampBytes
    pieces.push(bytes.subarray(from, from + pieceBytes))
    at = from + pieceBytes
  }
  // Joined before they are read: a piece may end in the middle of a character.
  return Buffer.concat(pieces).toString()
}
