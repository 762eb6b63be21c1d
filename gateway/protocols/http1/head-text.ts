// Heads as text, ready to write in latin1. One loop over the fields; names are in lower case already.

import type { Fields } from '../fields.ts'
import { BodyLength } from '../message.ts'

/** Fields without those whose flags hit `drop`, then own name/value pairs. */
export function fieldText(fields: Fields | null, drop: number, own: readonly string[]): string {
  let text = ''
  if (fields !== null) {
    const { names, values, flags } = fields
    for (let index = 0; index < names.length; index++) {
      if ((flags[index] & drop) === 0) text += names[index] + ': ' + values[index] + '\r\n'
    }
  }
  for (let index = 0; index < own.length; index += 2) text += own[index] + ': ' + own[index + 1] + '\r\n'
  return text
}

export function framingText(bodyLength: number): string {
  if (bodyLength >= 0) return `content-length: ${bodyLength}\r\n`
  return bodyLength === BodyLength.Unknown ? 'transfer-encoding: chunked\r\n' : ''
}
