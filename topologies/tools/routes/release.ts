// A file of an official release. The checksums file comes first: it is small, so a machine without network
// finds out at once, and nothing is fetched that could not be checked.

import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Agent, EnvHttpProxyAgent, fetch, type Dispatcher, type Response } from 'undici'
import { runCommand } from '../command.ts'
import type { Job, TakeRoute } from './route.ts'

/** A download that stands still for so long is given up. */
const idleMs = 15_000
const unpackWithinMs = 60_000

export const takeRelease: TakeRoute<'release'> = async (route, job) => {
  const asset = route.asset(job.platform)
  if (asset === null) throw new Error(`the release has nothing for ${job.platform.os}/${job.platform.arch}`)
  const base = `${job.releaseOrigin}/${route.repository}/releases/download/${route.tag}`
  const dispatcher = dispatcherFor(base, job.answerWithinMs)
  try {
    const checked = asset.checked === 'member' ? asset.member ?? asset.file : asset.file
    const wanted = checksumOf(await (await get(`${base}/${asset.checksums}`, dispatcher, job)).text(), checked)
    if (wanted === null) throw new Error(`${asset.checksums} has no SHA-256 for ${checked}`)
    const refuseUnless = (found: string): void => {
      if (found !== wanted) throw new Error(`checksum of ${checked} is ${found}, the release says ${wanted}: refused`)
    }
    const file = join(job.scratch, basename(asset.file))
    const found = await download(await get(`${base}/${asset.file}`, dispatcher, job), file, asset.file, job)
    if (asset.checked === undefined) refuseUnless(found)
    if (asset.member === null) {
      await chmod(file, 0o755)
      return file
    }
    await runCommand('tar', ['-xf', file, '-C', job.scratch], { timeoutMs: unpackWithinMs, signal: job.signal, path: job.path })
    const member = join(job.scratch, asset.member)
    if (asset.checked === 'member') refuseUnless(createHash('sha256').update(await readFile(member)).digest('hex'))
    return member
  } finally {
    await dispatcher.destroy()
  }
}

/** Honours the proxy variables of the machine, but not for loopback. */
export function dispatcherFor(url: string, answerWithinMs: number): Dispatcher {
  const limits = { connect: { timeout: answerWithinMs }, headersTimeout: answerWithinMs, bodyTimeout: idleMs }
  return ['127.0.0.1', 'localhost'].includes(new URL(url).hostname) ? new Agent(limits) : new EnvHttpProxyAgent(limits)
}

/** The time limit runs from the question to the head of the answer, redirects included. */
export async function get(url: string, dispatcher: Dispatcher, { signal, answerWithinMs }: Pick<Job, 'signal' | 'answerWithinMs'>): Promise<Response> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${answerWithinMs / 1000} s`)), answerWithinMs)
  const either = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal])
  try {
    const response = await fetch(url, { dispatcher, signal: either, redirect: 'follow' })
    if (!response.ok || response.body === null) throw new Error(`${url} answered with status ${response.status}`)
    return response
  } catch (error) {
    signal?.throwIfAborted()
    const { message, cause } = error as Error
    const why = late.signal.aborted ? late.signal.reason.message : (cause as Error | undefined)?.message ?? message
    throw new Error(message.startsWith(url) ? message : `${url}: ${why}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** Lines are `hash  name`, `hash *name` or `hash  ./path/name`; a signed file has other lines around them. */
export function checksumOf(text: string, file: string): string | null {
  for (const line of text.split('\n')) {
    const [, hash, name] = /^([0-9a-fA-F]{64})\s+\*?(\S+)\s*$/.exec(line) ?? []
    if (hash !== undefined && basename(name) === basename(file)) return hash.toLowerCase()
  }
  return null
}

/** Resolves to the SHA-256 of what was written. */
export async function download(response: Response, to: string, name: string, { progress, signal }: Pick<Job, 'progress' | 'signal'>): Promise<string> {
  const total = Number(response.headers.get('content-length') ?? 0)
  const hash = createHash('sha256')
  let bytes = 0
  let told = -1
  const watch = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      const tenth = total > 0 ? Math.floor((bytes * 10) / total) : Math.floor(bytes / 10_000_000)
      if (tenth !== told) progress(`downloading ${name}: ${(bytes / 1e6).toFixed(1)}${total > 0 ? ` of ${(total / 1e6).toFixed(1)}` : ''} MB`)
      told = tenth
      done(null, chunk)
    },
  })
  await pipeline(response.body!, watch, createWriteStream(to), { signal })
  return hash.digest('hex')
}
