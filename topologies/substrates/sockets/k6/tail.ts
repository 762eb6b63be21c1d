// Follows a file that another process appends to, line by line. A file and not a pipe: k6 must never wait for
// a reader.

import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

export interface Tail {
  /** Reads what is there now. The last line counts without a line break too when `final`. */
  drain(final?: boolean): void
  close(): void
}

const chunkBytes = 65_536

/** Creates the file when it is not there yet. Looks every `everyMs`. */
export function followFile(path: string, everyMs: number, line: (text: string) => void): Tail {
  const file = openSync(path, 'a+')
  const buffer = Buffer.alloc(chunkBytes)
  const decoder = new StringDecoder('utf8')
  let at = 0
  let rest = ''
  const drain = (final = false): void => {
    for (let read = readSync(file, buffer, 0, chunkBytes, at); read > 0; read = readSync(file, buffer, 0, chunkBytes, at)) {
      at += read
      const lines = (rest + decoder.write(buffer.subarray(0, read))).split('\n')
      rest = lines.pop()!
      lines.forEach(line)
    }
    if (!final || rest === '') return
    line(rest)
    rest = ''
  }
  const timer = setInterval(drain, everyMs)
  return {
    drain,
    close() {
      clearInterval(timer)
      closeSync(file)
    },
  }
}
