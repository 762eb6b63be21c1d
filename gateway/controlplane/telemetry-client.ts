// Sends a gateway's reports to its control plane, one at a time, over node:http. Nothing of the gateway waits for it: a plane
// that is away, slow or refuses costs the reports their resolution in time, never a request.

import { Agent, request } from 'node:http'
import { gatewayError } from '../errors.ts'
import type { Clock, Evidence, Scheduler } from '../ports.ts'
import type { SnapshotAddress } from '../snapshot/snapshot.ts'
import type { TelemetryReport } from '../telemetry/red/report.ts'
import { tokenHeader } from './protocol.ts'
import { createBacklog } from './telemetry-backlog.ts'

export interface ReporterOptions {
  /** The first that takes reports is kept; the next is asked when it is lost. None: reports are asked for and sent nowhere. */
  addresses: readonly SnapshotAddress[]
  token: string
  clock: Clock
  scheduler: Scheduler
  evidence: Evidence
  /** Asked each second: everything since it was asked last; null = there is nothing to tell. */
  report(): TelemetryReport | null
}

export interface Reporter {
  /** Asks for the last report and sends what waits, for at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>
}

const reportMs = 1000
/** A plane that has not answered within this is asked again. */
const answerMs = 2000
/**
 * A plane that has taken nothing for so long is given up for the next. It may have taken a report whose answer was lost; the next
 * plane then counts it too. Where nobody listens nothing was taken, and the next is asked at once.
 */
const patienceUs = 4_000_000

/** `lost`: it may have been taken, or not. */
type Answer = 'taken' | 'refused' | 'nobody' | 'lost'

export function openReporter({ addresses, token, clock, scheduler, evidence, report }: ReporterOptions): Reporter {
  const backlog = createBacklog()
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  let at = 0
  let takenUs = clock.nowUs()
  let busy = false
  let closed = false
  /** How often what failed is tried again without waiting; only at the end. */
  let chances = 0
  let emptied = (): void => {}

  function gather(): void {
    const gathered = report()
    if (gathered !== null && addresses.length > 0) backlog.add(gathered)
  }

  function send(): void {
    const next = backlog.next()
    if (busy || closed) return
    if (next === null) return emptied()
    busy = true
    post(next, (answer, text) => {
      busy = false
      if (answer === 'taken' || answer === 'refused') backlog.done()
      if (answer === 'refused') complain(text)
      turn(answer)
      // What waits follows at once; after a failure the next second tries again, if there is one.
      if (answer === 'taken' || answer === 'refused' || chances-- > 0) send()
      else emptied()
    })
  }

  function turn(answer: Answer): void {
    const nowUs = clock.nowUs()
    if (answer === 'lost' && nowUs - takenUs < patienceUs) return
    if (answer === 'nobody' || answer === 'lost') at = (at + 1) % addresses.length
    takenUs = nowUs
  }

  function complain(text: string): void {
    const message = gatewayError('RGT_CONTROL_PLANE', `a report of telemetry was refused and is lost: ${text}`).message
    evidence.event({ atUs: clock.nowUs(), kind: 'log', level: 'error', code: 'RGT_CONTROL_PLANE', message })
  }

  function post(sent: TelemetryReport, done: (answer: Answer, text: string) => void): void {
    const body = JSON.stringify(sent)
    let over = false
    const end = (answer: Answer, text = ''): void => {
      if (over) return
      over = true
      disarm()
      done(answer, text)
    }
    const posted = request({
      ...addresses[at], method: 'POST', path: '/v1/telemetry', agent,
      headers: { [tokenHeader]: token, 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    })
    const disarm = scheduler.after(answerMs, () => posted.destroy())
    posted.on('error', (error: NodeJS.ErrnoException) => end(error.code === 'ECONNREFUSED' ? 'nobody' : 'lost'))
    posted.on('close', () => end('lost'))
    posted.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => { if (text.length < 500) text += chunk })
      response.on('end', () => end(answerOf(response.statusCode ?? 0), `${response.statusCode} ${text.slice(0, 500)}`))
      response.on('error', () => end('lost'))
    })
    posted.end(body)
  }

  const stop = scheduler.every(reportMs, () => {
    gather()
    send()
  })
  return {
    async close(timeoutMs) {
      stop()
      gather()
      await new Promise<void>((resolve) => {
        const giveUp = scheduler.after(timeoutMs, resolve)
        emptied = () => {
          giveUp()
          resolve()
        }
        chances = addresses.length
        send()
      })
      closed = true
      agent.destroy()
    },
  }
}

/** 4xx would be answered again, except by a plane that has another token or knows no telemetry: another may take it. */
function answerOf(status: number): Answer {
  if (status >= 200 && status < 300) return 'taken'
  if (status === 401 || status === 404) return 'nobody'
  return status >= 400 && status < 500 ? 'refused' : 'lost'
}
