// What a control plane has accepted, one JSON line a change behind its checksum, so that a restarted one goes on
// where it was instead of where it was born. A whole configuration starts the file anew.

import { createHash } from 'node:crypto'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock, Evidence } from '../ports.ts'
import type { ConfigChange, WholeConfig } from './protocol.ts'

export interface Journal {
  /** In order; ends before the first line that is torn or altered, and says so with RGT_SNAPSHOT_STATE. */
  read(): (ConfigChange | WholeConfig)[]
  append(asked: ConfigChange | WholeConfig): void
  close(): void
}

const checksumLength = 64

export function openJournal(stateDir: string, { clock, evidence }: { clock: Clock; evidence: Evidence }): Journal {
  const file = join(stateDir, 'changes.ndjson')
  let descriptor: number | null = null
  mkdirSync(stateDir, { recursive: true })
  const complain = (message: string): void => {
    evidence.event({ atUs: clock.nowUs(), kind: 'log', level: 'error', code: 'RGT_SNAPSHOT_STATE', message: `${file}: ${message}` })
  }

  return {
    read() {
      if (!existsSync(file)) return []
      const bytes = readFileSync(file)
      const read: (ConfigChange | WholeConfig)[] = []
      let good = 0
      for (let end = bytes.indexOf(0x0a); end !== -1; end = bytes.indexOf(0x0a, good)) {
        const line = bytes.subarray(good, end).toString('utf8')
        const text = line.slice(checksumLength + 1)
        if (checksum(text) !== line.slice(0, checksumLength)) break
        read.push(JSON.parse(text) as ConfigChange | WholeConfig)
        good = end + 1
      }
      if (good < bytes.length) {
        complain(`line ${read.length + 1} is torn or was altered; what follows is dropped`)
        truncateSync(file, good)
      }
      return read
    },
    append(asked) {
      try {
        const text = JSON.stringify(asked)
        const line = `${checksum(text)} ${text}\n`
        if ('documents' in asked) {
          if (descriptor !== null) closeSync(descriptor)
          descriptor = null
          writeFileSync(`${file}.next`, line)
          renameSync(`${file}.next`, file)
        } else {
          descriptor ??= openSync(file, 'a', 0o600)
          writeSync(descriptor, line)
        }
      } catch (error) {
        complain(String(error))
      }
    },
    close() {
      if (descriptor !== null) closeSync(descriptor)
      descriptor = null
    },
  }
}

function checksum(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
