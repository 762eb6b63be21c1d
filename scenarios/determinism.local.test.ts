// A seed is a promise: the same history and the same verdict to the byte, in another process, under another locale and
// time zone, in another thread, and however much else the process has simulated before.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, test } from 'vitest'
import { playSimulated } from './play.case.ts'
import type { RunRecord } from './run-record.ts'

const scratch = mkdtempSync(join(tmpdir(), 'regatta-determinism-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const program = join(import.meta.dirname, 'play.case.ts')
const files = ['events.ndjson', 'requests.arrow', 'attempts.arrow', 'verdict.json']

/** A folder of its own, with the same name as the others': the name of a run's folder is its id. */
function folder(where: string): string {
  const dir = join(scratch, where, 'run')
  mkdirSync(dir, { recursive: true })
  return dir
}

function digest(dir: string): Record<string, string> {
  const { inventory } = JSON.parse(readFileSync(join(dir, 'run.json'), 'utf8')) as RunRecord
  return {
    trace: inventory.trace?.hash ?? 'none',
    ...Object.fromEntries(files.map((file) => [file, createHash('sha256').update(readFileSync(join(dir, file))).digest('hex')])),
  }
}

async function inProcess(dir: string, name: string, environment: Record<string, string>): Promise<void> {
  await promisify(execFile)(process.execPath, [program, dir, name, '7'], { env: { PATH: process.env.PATH, ...environment } })
}

async function inThread(dir: string, name: string): Promise<void> {
  const worker = new Worker(program, { workerData: { play: [dir, name, '7'] } })
  await once(worker, 'exit')
}

describe.each(['regional-crash', 'residency-lock'])('%s with one seed', (name) => {
  test('is byte-identical everywhere', async () => {
    const here = folder(`${name}-here`)
    await playSimulated(here, name, 7)
    const wanted = digest(here)
    expect(wanted.trace).toMatch(/^[0-9a-f]{16}$/)

    const again = folder(`${name}-again`)
    await playSimulated(again, name, 7)
    expect(digest(again)).toEqual(wanted)

    const turkish = folder(`${name}-turkish`)
    await inProcess(turkish, name, { LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', TZ: 'Asia/Kathmandu' })
    expect(digest(turkish)).toEqual(wanted)

    const threads = [folder(`${name}-thread-1`), folder(`${name}-thread-2`)]
    await Promise.all(threads.map((dir) => inThread(dir, name)))
    for (const dir of threads) expect(digest(dir)).toEqual(wanted)
  }, 120_000)

  test('and another with another seed', async () => {
    const [one, other] = [folder(`${name}-one`), folder(`${name}-other`)]
    await playSimulated(one, name, 7)
    await playSimulated(other, name, 8)
    expect(digest(other).trace).not.toBe(digest(one).trace)
    expect(digest(other)['requests.arrow']).not.toBe(digest(one)['requests.arrow'])
  }, 60_000)
})
