// What a run notes about where and when it ran. The one file of this room that asks the machine and the wall
// clock; nothing here enters a plan or a verdict.

import { readFileSync } from 'node:fs'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { RunRecord } from './run-record.ts'

/** ISO 8601, for people only. */
export function wallClock(): string {
  return new Date().toISOString()
}

export function machineOf(): RunRecord['machine'] {
  const processors = cpus()
  return {
    os: `${platform()} ${release()}`, arch: arch(), cpuModel: processors[0]?.model.trim() ?? 'unknown',
    cpus: processors.length, memoryBytes: totalmem(),
  }
}

export function versionsOf(): Pick<RunRecord, 'regatta' | 'node'> {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8')) as { version: string }
  return { regatta: version, node: process.version }
}
