// Speaks to a k6 that waits in its `setup`, through the API server and k6's own REST API: what time is it there, and
// when to start. Strictly in turns (a question, its answer, then the next), because the mailbox holds one letter.

import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../../../gateway/runtime.ts'
import { topologyError } from '../../../errors.ts'
import type { RegionApi } from '../api/api.ts'
import { k6ApiPort, mailboxPath } from './manifests.ts'

export interface PodClock {
  /** How far the pod's wall clock is ahead of this machine's, microseconds. */
  aheadUs: number
  uncertaintyUs: number
}

export interface Mailbox {
  /**
   * Cristian's method (F. Cristian, Probabilistic clock synchronization, 1989): the pod read its clock between question
   * and answer; the quickest of a few rounds says it best. `wallOffsetUs`: this machine's wall time minus monotonic.
   */
  clock(wallOffsetUs: number): Promise<PodClock>
  /** `startMs` in wall time of the pod. */
  start(startMs: number): Promise<void>
}

const rounds = 6
const answerWithinMs = 5_000
const lookEveryMs = 3
const callMs = 3_000

/** Throws RGT_TEST_RUN when k6 does not answer in time, RGT_KUBERNETES when the way there is closed. */
export function openMailbox(api: RegionApi, pod: { namespace: string; name: string }): Mailbox {
  const send = async (method: 'GET' | 'PUT', body?: object): Promise<Record<string, number> | null> => {
    const answer = await api.call({ ...pod, port: k6ApiPort }, {
      method, path: mailboxPath, headers: { 'content-type': 'application/json' }, timeoutMs: callMs, ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (answer.status !== 200) throw silent(pod.name, `${method} ${mailboxPath} was answered with status ${answer.status}`)
    return (JSON.parse(answer.body) as { data: { attributes: { data?: Record<string, number> } } }).data.attributes.data ?? null
  }
  const round = async (ping: number, wallOffsetUs: number): Promise<PodClock> => {
    const askedUs = systemClock.nowUs()
    await send('PUT', { ping })
    for (let nowUs = askedUs; nowUs - askedUs < answerWithinMs * 1000; nowUs = systemClock.nowUs()) {
      const mail = await send('GET')
      if (mail?.pong === ping) {
        const heardUs = systemClock.nowUs()
        const middleUs = (askedUs + heardUs) / 2 + wallOffsetUs
        // Half a millisecond, because k6 knows whole ones, rounded down.
        return { aheadUs: Math.round(mail.nowMs * 1000 + 500 - middleUs), uncertaintyUs: Math.ceil((heardUs - askedUs) / 2 + 500) }
      }
      await sleep(lookEveryMs)
    }
    throw silent(pod.name, `no answer within ${answerWithinMs} ms`)
  }
  return {
    async clock(wallOffsetUs) {
      let best = await round(1, wallOffsetUs)
      for (let ping = 2; ping <= rounds; ping++) {
        const next = await round(ping, wallOffsetUs)
        if (next.uncertaintyUs < best.uncertaintyUs) best = next
      }
      return best
    },
    start: async (startMs) => void await send('PUT', { startMs }),
  }
}

const silent = (pod: string, found: string) => topologyError('RGT_TEST_RUN', `the k6 of pod ${pod} does not answer while it waits for the start`, {
  expected: 'the suite of this load, waiting in its `setup`', found,
})
