// One installation of a tool at a time, also between processes. The lock is a file that names its owner; a
// lock whose owner is dead is taken over, so a killed installation never blocks the next.

import { link, readFile, rename, unlink, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { identify, type ProcessIdentity } from '../substrates/sockets/ownership.ts'

const lookEveryMs = 200
let counter = 0

/** Waits until the lock is free; `onWait` is told once whom for. Resolves to the release. */
export async function lock(path: string, signal: AbortSignal | undefined, onWait: (pid: number) => void): Promise<() => Promise<void>> {
  const mine = `${path}.${process.pid}.${++counter}`
  const content = JSON.stringify(identify(process.pid))
  await writeFile(mine, content)
  let told = false
  try {
    for (;;) {
      signal?.throwIfAborted()
      // A hard link appears with its content or not at all.
      const taken = await link(mine, path).then(() => true, (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false
        throw error
      })
      if (taken) return () => unlink(path).catch(() => {})
      const holder = await readFile(path, 'utf8').catch(() => null)
      if (holder === null) continue
      const owner = parseOwner(holder)
      if (owner === null || !lives(owner)) {
        await evict(path, holder, mine)
        continue
      }
      if (!told) onWait(owner.pid)
      told = true
      await sleep(lookEveryMs, undefined, { signal })
    }
  } finally {
    await unlink(mine).catch(() => {})
  }
}

/** Moves the dead owner's lock away; when another process was quicker and holds a new one, puts that back. */
async function evict(path: string, dead: string, mine: string): Promise<void> {
  const aside = `${mine}.aside`
  const moved = await rename(path, aside).then(() => true, () => false)
  if (!moved) return
  if (await readFile(aside, 'utf8') !== dead) await link(aside, path).catch(() => {})
  await unlink(aside)
}

function parseOwner(text: string): ProcessIdentity | null {
  try {
    return JSON.parse(text) as ProcessIdentity
  } catch {
    return null
  }
}

function lives(owner: ProcessIdentity): boolean {
  return identify(owner.pid)?.startTime === owner.startTime
}
