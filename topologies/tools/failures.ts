// Remembers that fetching failed: twenty repeats of a drill on a machine without network must not wait for it twenty
// times.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** After a failure, runs do not try again for so long. */
const retryAfterMs = 10 * 60_000

const fileIn = (folder: string): string => join(folder, 'failed.json')

export async function noteFailure(folder: string, reason: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(fileIn(folder), JSON.stringify({ atMs: Date.now(), reason }))
}

export function forgetFailure(folder: string): Promise<void> {
  return rm(fileIn(folder), { force: true })
}

/** Why it is not tried again yet; null when it may be. */
export async function failedLately(folder: string): Promise<string | null> {
  try {
    const { atMs, reason } = JSON.parse(await readFile(fileIn(folder), 'utf8')) as { atMs: number; reason: string }
    const agoMs = Date.now() - atMs
    if (agoMs < 0 || agoMs > retryAfterMs) return null
    return `installation failed ${Math.round(agoMs / 1000)} s ago and is not tried again yet (${reason})`
  } catch {
    return null
  }
}
