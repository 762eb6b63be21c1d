// A request's body, gathered up to a bound and unpacked where it is gzip, up to the same bound.

import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { topologyError } from '../../../errors.ts'
import { mostOctets } from './intake.ts'

const unzip = promisify(gunzip)

/** Throws RGT_OTLP_LIMIT when there is more than the bound. */
export async function bodyOf(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of stream) {
    length += (chunk as Buffer).length
    if (length > mostOctets) throw tooLong()
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks)
}

/** Throws RGT_OTLP when it is not gzip, RGT_OTLP_LIMIT when it is too much. */
export async function unpacked(body: Buffer): Promise<Buffer> {
  try {
    return await unzip(body, { maxOutputLength: mostOctets })
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooLong()
    throw topologyError('RGT_OTLP', 'a body that says it is gzip is none', { found: String(cause), cause })
  }
}

const tooLong = () => topologyError('RGT_OTLP_LIMIT', 'an export request is longer than the bound', { expected: `at most ${mostOctets} octets` })
