// Where alerts go beside evidence: posted to webhooks, or a line each in a file. Off the plane's way: every receiver has a queue
// of its own that is bounded, tries again a few times and then gives up, so that one that hangs costs nobody else anything.

import { appendFile, mkdir, rename, stat } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { join } from 'node:path'
import type { Random, Scheduler } from '../ports.ts'
import type { AlertDelivery, AlertEvent } from '../telemetry/alerts/alert.ts'
import type { Metric } from '../telemetry/exposition.ts'

/**
 * What a receiver gets: the body of a webhook's POST, a line of a file. In order, and at least once: what was taken and whose
 * answer was lost comes again, the same in every byte.
 */
export interface AlertMessage {
  apiVersion: 'regatta.dev/v1alpha1'
  kind: 'Alert'
  /** Of the control plane that evaluated it. */
  region: string
  /** When it began or ended to fire, RFC 3339. */
  at: string
  alert: AlertEvent
}

export interface DeliveryCounts { delivered: number; failed: number; /** Given up before they were tried: the queue was full, or the plane ended. */ shed: number }

export interface AlertDeliveries {
  readonly counts: DeliveryCounts
  deliver(message: AlertMessage, to: readonly AlertDelivery[]): void
  /** Sends what is queued, for at most `timeoutMs`; then nothing of it is left. */
  close(timeoutMs: number): Promise<void>
}

export interface DeliveryOptions {
  /** Files stand in its folder `alerts`; null = there is none, so every file fails. */
  stateDir: string | null
  scheduler: Scheduler
  random: Random
  /** A message was given up. `receiver` holds no path or query of a webhook: they are often secret. */
  failed(receiver: string, why: string): void
  /** Instead of posting and appending; rejects when the receiver did not take it. */
  send?: Send
}

export type Send = (to: AlertDelivery, text: string, signal: AbortSignal) => Promise<void>

export const mostQueued = 200
export const mostTries = 4
const tryMs = 5_000
/** Before the second try; doubled before each further one, and up to half as much again by chance. */
const firstWaitMs = 500
const maxFileBytes = 16 * 1024 * 1024

interface Queue { to: AlertDelivery; waiting: string[]; working: Promise<void> | null }

export function createAlertDeliveries({ stateDir, scheduler, random, failed, send = sender(stateDir) }: DeliveryOptions): AlertDeliveries {
  const counts: DeliveryCounts = { delivered: 0, failed: 0, shed: 0 }
  const queues = new Map<string, Queue>()
  const ended = new AbortController()

  const wait = (ms: number): Promise<void> => new Promise((resolve) => {
    const over = (): void => {
      cancel()
      ended.signal.removeEventListener('abort', over)
      resolve()
    }
    const cancel = scheduler.after(ms, over)
    ended.signal.addEventListener('abort', over)
  })

  async function once(to: AlertDelivery, text: string): Promise<void> {
    const late = new AbortController()
    const cancel = scheduler.after(tryMs, () => late.abort(new Error(`no answer within ${tryMs / 1000} s`)))
    try {
      await send(to, text, AbortSignal.any([late.signal, ended.signal]))
    } finally {
      cancel()
    }
  }

  async function one({ to }: Queue, text: string): Promise<void> {
    for (let tried = 1; ; tried++) {
      try {
        await once(to, text)
        counts.delivered++
        return
      } catch (error) {
        if (tried === mostTries || ended.signal.aborted) {
          counts.failed++
          failed(receiverOf(to), `${error instanceof Error ? error.message : String(error)}, ${tried} of ${mostTries} tries`)
          return
        }
      }
      await wait(firstWaitMs * 2 ** (tried - 1) * (1 + random.next() / 2))
    }
  }

  /** A queue lives as long as something waits in it: receivers come and go with policies. */
  async function work(key: string, queue: Queue): Promise<void> {
    for (let text = queue.waiting.shift(); text !== undefined; text = queue.waiting.shift()) await one(queue, text)
    queues.delete(key)
  }

  return {
    counts,
    deliver(message, to) {
      const text = JSON.stringify(message)
      for (const receiver of to) {
        if (receiver.severity !== undefined && receiver.severity !== message.alert.severity) continue
        const key = receiver.kind === 'webhook' ? receiver.url : `file ${receiver.path}`
        const queue = queues.get(key) ?? { to: receiver, waiting: [], working: null }
        if (ended.signal.aborted || queue.waiting.length >= mostQueued) {
          counts.shed++
          failed(receiverOf(receiver), ended.signal.aborted ? 'the control plane ends' : `${mostQueued} messages wait for it already`)
          continue
        }
        queues.set(key, queue)
        queue.waiting.push(text)
        queue.working ??= work(key, queue)
      }
    },
    async close(timeoutMs) {
      const working = (): Promise<unknown> => Promise.all([...queues.values()].map((queue) => queue.working))
      let cancel = (): void => {}
      await Promise.race([working(), new Promise<void>((resolve) => { cancel = scheduler.after(timeoutMs, resolve) })])
      cancel()
      for (const { to, waiting } of queues.values()) {
        const left = waiting.splice(0).length
        counts.shed += left
        if (left > 0) failed(receiverOf(to), `${left} waited when the control plane ended`)
      }
      ended.abort(new Error('the control plane ends'))
      await working()
    },
  }
}

/** For scrapers of the control plane. */
export function deliveryMetrics(counts: DeliveryCounts): Metric[] {
  return [{
    name: 'regatta_alert_messages_total', type: 'counter', help: 'Messages of alerts that began or ended, to each receiver, by what became of them.',
    samples: Object.entries(counts).map(([result, value]) => ({ labels: { result }, value })),
  }]
}

function receiverOf(to: AlertDelivery): string {
  return to.kind === 'file' ? `file ${to.path}` : `webhook ${new URL(to.url).origin}`
}

function sender(stateDir: string | null): Send {
  return (to, text, signal) => (to.kind === 'webhook' ? post(to.url, text, signal) : append(stateDir, to.path, text))
}

/** Any 2xx is an answer; what the body says is nobody's business. */
function post(url: string, text: string, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text), 'user-agent': 'regatta-control-plane' }
    const request = send(url, { method: 'POST', headers, signal, agent: false }, (response) => {
      response.resume()
      const status = response.statusCode ?? 0
      response.once('error', reject).once('end', () => (status >= 200 && status < 300 ? resolve() : reject(new Error(`it answered ${status}`))))
    })
    request.once('error', (error) => reject(signal.aborted && signal.reason instanceof Error ? signal.reason : error))
    request.end(text)
  })
}

/** A file that has grown large makes room: one older one stays beside it. */
async function append(stateDir: string | null, name: string, text: string): Promise<void> {
  if (stateDir === null) throw new Error('this control plane has no folder for its state')
  const folder = join(stateDir, 'alerts')
  await mkdir(folder, { recursive: true })
  const path = join(folder, name)
  const size = await stat(path).then((found) => found.size, () => 0)
  if (size >= maxFileBytes) await rename(path, `${path}.1`)
  await appendFile(path, `${text}\n`)
}
