// The last good snapshot on disk, so that a gateway that starts while every control plane is gone serves what it
// served before. Written whole beside the old one and renamed, at most once a second; a checksum tells a torn or
// altered file from a good one.

import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gatewayError } from '../errors.ts'
import type { Clock, Evidence, Scheduler } from '../ports.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { parseSnapshot } from '../snapshot/validate.ts'

export interface LastGood {
  /** null when there is none, and also when it cannot be trusted: then an event says so with RGT_SNAPSHOT_STATE. */
  read(): Snapshot | null
  /** Keeps the newest of those given within a second. */
  save(snapshot: Snapshot): void
  /** Writes what is still waiting, at once: for the end of the process. */
  flush(): void
}

export interface LastGoodPorts { clock: Clock; scheduler: Scheduler; evidence: Evidence }

const gatherMs = 1000
const head = /^\{"checksum":"([0-9a-f]{64})","snapshot":/

export function openLastGood(stateDir: string, gateway: string, { clock, scheduler, evidence }: LastGoodPorts): LastGood {
  const file = join(stateDir, 'snapshot.json')
  let waiting: Snapshot | null = null
  let cancel: (() => void) | null = null
  let writing = false
  let flushed = false
  const complain = (error: unknown): void => {
    const text = error instanceof Error ? error.message : String(error)
    evidence.event({ atUs: clock.nowUs(), kind: 'log', level: 'error', code: 'RGT_SNAPSHOT_STATE', message: `${file}: ${text}` })
  }

  async function write(): Promise<void> {
    cancel = null
    if (waiting === null || writing) return
    writing = true
    const text = encodeLastGood(waiting)
    waiting = null
    try {
      mkdirSync(stateDir, { recursive: true })
      await writeFile(`${file}.next`, text)
      // A flush meanwhile has written something newer.
      if (!flushed) await rename(`${file}.next`, file)
    } catch (error) {
      complain(error)
    }
    writing = false
    if (waiting !== null) cancel ??= scheduler.after(gatherMs, () => void write())
  }

  return {
    read() {
      if (!existsSync(file)) return null
      try {
        return decodeLastGood(readFileSync(file, 'utf8'), gateway)
      } catch (error) {
        complain(error)
        return null
      }
    },
    save(snapshot) {
      waiting = snapshot
      flushed = false
      if (!writing) cancel ??= scheduler.after(gatherMs, () => void write())
    },
    flush() {
      cancel?.()
      cancel = null
      if (waiting === null) return
      try {
        mkdirSync(stateDir, { recursive: true })
        writeFileSync(`${file}.last`, encodeLastGood(waiting))
        renameSync(`${file}.last`, file)
        waiting = null
        flushed = true
      } catch (error) {
        complain(error)
      }
    },
  }
}

/** `{"checksum": sha-256 of the text of the snapshot, "snapshot": …}` */
export function encodeLastGood(snapshot: Snapshot): string {
  const text = JSON.stringify(snapshot)
  return `{"checksum":"${checksum(text)}","snapshot":${text}}`
}

/** Throws RGT_SNAPSHOT_STATE when the text is torn, altered or of another gateway, RGT_SNAPSHOT_FORMAT when of another format. */
export function decodeLastGood(text: string, gateway: string): Snapshot {
  const found = head.exec(text)
  const body = found === null ? '' : text.slice(found[0].length, -1)
  if (found === null || !text.endsWith('}') || checksum(body) !== found[1]) {
    throw gatewayError('RGT_SNAPSHOT_STATE', 'the last good snapshot is torn or was altered', {
      hint: 'the gateway starts empty and asks its control plane; remove the file to be rid of this message',
    })
  }
  const snapshot = parseSnapshot(JSON.parse(body), 'snapshot.json')
  if (snapshot.gateway.name !== gateway) {
    throw gatewayError('RGT_SNAPSHOT_STATE', 'the last good snapshot belongs to another gateway', { expected: gateway, found: snapshot.gateway.name })
  }
  return snapshot
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
