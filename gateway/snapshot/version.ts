// The version of a snapshot: a hash made of the hashes of its parts. Parts are frozen plain data whose hash is kept
// by identity, so that a change of one route among thousands hashes one route. Not a defence against forgery.

import { createHash } from 'node:crypto'
import type { Snapshot } from './snapshot.ts'

export type SnapshotContent = Omit<Snapshot, 'revision' | 'version'>

const hashes = new WeakMap<object, string>()

/** Equal content, equal version: neither the order of keys nor the revision counts. 32 hexadecimal digits. */
export function versionOf(content: SnapshotContent): string {
  const { format, gateway, regions, routes, services, health } = content
  let parts = `${format} ${partHash(gateway)} ${partHash(health)}\n`
  for (const list of [regions, routes, services]) parts += `${listText(list)}\n`
  return createHash('sha256').update(parts, 'latin1').digest('hex').slice(0, 32)
}

const texts = new WeakMap<readonly object[], string>()

/** The hashes of a list's parts in a row; remembered for lists that cannot change, which gateways share. */
function listText(list: readonly object[]): string {
  const known = texts.get(list)
  if (known !== undefined) return known
  let text = ''
  for (const part of list) text += partHash(part)
  if (Object.isFrozen(list)) texts.set(list, text)
  return text
}

/** Hash of one part of a snapshot, remembered: parts never change. 96 bits in base64. */
export function partHash(part: object): string {
  let hash = hashes.get(part)
  if (hash === undefined) {
    hash = createHash('sha256').update(canonical(part)).digest('base64').slice(0, 16)
    hashes.set(part, hash)
  }
  return hash
}

/** JSON with the keys of every object in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`).join()}}`
}
