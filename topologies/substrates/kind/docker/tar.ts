// Writes a tar stream (POSIX ustar) in memory: `docker cp -` takes one, so files reach containers of a daemon on another
// machine too, with the owner and mode that they are to have and without a copy of a secret on disk.

export interface TarEntry {
  /** Relative, at most 100 bytes; a folder's ends with a slash. */
  name: string
  content?: Uint8Array
  mode: number
  uid: number
  gid: number
}

const block = 512

/** Throws RangeError when a name does not fit. Fields and their places: POSIX.1-2017, pax, "ustar Interchange Format". */
export function tarOf(entries: readonly TarEntry[]): Uint8Array {
  const parts = entries.flatMap((entry) => {
    const content = entry.content ?? new Uint8Array()
    return [header(entry, content.length), content, new Uint8Array((block - (content.length % block)) % block)]
  })
  return Buffer.concat([...parts, new Uint8Array(2 * block)])
}

function header({ name, mode, uid, gid }: TarEntry, size: number): Uint8Array {
  if (Buffer.byteLength(name) > 100) throw new RangeError(`a name in a tar stream has at most 100 bytes: ${name}`)
  const bytes = Buffer.alloc(block)
  const octal = (value: number, at: number, length: number): void => void bytes.write(value.toString(8).padStart(length - 1, '0'), at)
  bytes.write(name, 0)
  octal(mode, 100, 8)
  octal(uid, 108, 8)
  octal(gid, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  bytes.write(' '.repeat(8), 148)
  bytes.write(name.endsWith('/') ? '5' : '0', 156)
  bytes.write('ustar\u000000', 257, 'latin1')
  // The sum counts its own field as spaces.
  octal(bytes.reduce((sum, byte) => sum + byte, 0), 148, 7)
  bytes[154] = 0
  bytes[155] = 0x20
  return bytes
}
