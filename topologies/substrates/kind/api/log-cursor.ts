// Where in a container's log the reader stands, so that a stream that broke is taken up again with no line lost and
// none twice. Pure.
//
// The server can be asked for lines *since a second* only, and then sends every line with that second or a later one, in
// the order of its file. So the cursor counts the lines that it has seen of its newest second, and passes over as many.
// That stays exact when stamps are equal or, between standard output and standard error, out of order. When the file
// was rotated in between, fewer come again: the first line newer than all that was seen ends the passing over.

export interface LogCursor {
  /** `sinceTime` to ask with; null = from the first line. */
  since(): string | null
  /** An answer to `since()` begins: half a line of the one before it is forgotten, because it comes again. */
  begin(): void
  /** Text as it comes; every whole line that is new is handed on. */
  take(text: string): void
  /** The log has ended: what is left without a line break is a line too. */
  end(): void
  /**
   * Whether this answer took up where the last one broke off; null until it has shown a line. If it did not, nothing of
   * it is handed on: it is another container's log, or the file was rotated, which `accept` says.
   */
  joined(): boolean | null
  /** The next answer is taken though it may not join. */
  accept(): void
}

/** `2026-01-02T03:04:05.123456789Z `: the kubelet writes all nine digits, so text sorts as time does. */
const secondLength = '2026-01-02T03:04:05'.length
const zoneStart = '2026-01-02T03:04:05.123456789'.length

export function openLogCursor(line: (line: string) => void): LogCursor {
  let second = ''
  let zone = ''
  /** Seen of the newest second. */
  let seen = 0
  let newest = ''
  let rest = ''
  let toPass = 0
  let joined: boolean | null = true
  let accepting = false

  const one = (stamped: string): void => {
    const space = stamped.indexOf(' ', secondLength)
    // The kubelet tells its own troubles in the stream as well; only lines of the pod are stamped.
    if (space < 0 || stamped.charCodeAt(10) !== 84) return
    const stamp = stamped.slice(0, space)
    if (joined === null) {
      joined = stamp <= newest || accepting
      accepting = false
    }
    if (!joined) return
    if (toPass > 0 && stamp <= newest) {
      toPass--
      return
    }
    toPass = 0
    if (stamp > newest) newest = stamp
    if (!stamp.startsWith(second) || second === '') {
      const stampSecond = stamp.slice(0, secondLength)
      // Of an earlier second it is not sent again, and so not counted.
      if (stampSecond > second) {
        second = stampSecond
        zone = stamp.slice(zoneStart)
        seen = 0
      }
    }
    if (stamp.startsWith(second)) seen++
    line(stamped.slice(space + 1))
  }

  return {
    since: () => (second === '' ? null : `${second}${zone}`),
    begin() {
      rest = ''
      toPass = seen
      joined = seen === 0 ? true : null
    },
    take(text) {
      let from = 0
      for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
        one(rest === '' ? text.slice(from, end) : rest + text.slice(from, end))
        rest = ''
        from = end + 1
      }
      rest += text.slice(from)
    },
    end() {
      if (rest !== '') one(rest)
      rest = ''
    },
    joined: () => joined,
    accept: () => { accepting = true },
  }
}
