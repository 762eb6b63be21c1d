// Reads a ZIP archive that is held in memory: as much of the format as archives of Go modules use (stored or
// deflated, no encryption, no ZIP64). Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.

import { inflateRawSync } from 'node:zlib'

const endOfDirectory = 0x06054b50
const directoryEntry = 0x02014b50
const localEntry = 0x04034b50
/** No file of a module that is wanted here comes near it; a bound on archives that unfold without end. */
const maxFileBytes = 64 * 1024 * 1024

/** Path → content, folders left out. Throws Error when it is not such an archive. */
export function readZip(archive: Buffer): Map<string, Buffer> {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]))
  if (end < 0 || end + 22 > archive.length || archive.readUInt32LE(end) !== endOfDirectory) throw new Error('not a ZIP archive')
  const files = new Map<string, Buffer>()
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== directoryEntry) throw new Error('the directory of the ZIP archive is damaged')
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset))
    const name = archive.toString('utf8', at + 46, at + 46 + nameBytes)
    if (!name.endsWith('/')) {
      files.set(name, content(archive, archive.readUInt32LE(at + 42), archive.readUInt16LE(at + 10), archive.readUInt32LE(at + 20)))
    }
    at += 46 + nameBytes + extraBytes + commentBytes
  }
  return files
}

function content(archive: Buffer, at: number, method: number, bytes: number): Buffer {
  if (archive.readUInt32LE(at) !== localEntry) throw new Error('a file of the ZIP archive is damaged')
  const from = at + 30 + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28)
  const packed = archive.subarray(from, from + bytes)
  if (method === 0) return packed
  if (method === 8) return inflateRawSync(packed, { maxOutputLength: maxFileBytes })
  throw new Error(`a file of the ZIP archive is packed by method ${method}`)
}
