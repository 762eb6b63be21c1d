// k6 inside a cluster as the generator of one load: the same port as a k6 on this machine, so that nobody else need
// know. Several k6 share the load by execution segments; what they tell is one history.
//
//   apply TestRun ─► runner pods wait in `setup` ─► their clocks are measured ─► all are told one moment ─► rows in their logs

import { setTimeout as sleep } from 'node:timers/promises'
import { CodedError } from '../../../../gateway/errors.ts'
import { topologyError } from '../../../errors.ts'
import type { RequestRow } from '../../../history.ts'
import type { LoadSpec } from '../../../substrate.ts'
import type { GroupEntries } from '../../sockets/generator/bootstrap.ts'
import { waysOf } from '../../sockets/k6/command.ts'
import { readEnding, type K6Counts } from '../../sockets/k6/ending.ts'
import type { K6Player } from '../../sockets/k6/k6.ts'
import { openTally, type Tally } from '../../sockets/k6/tally.ts'
import { measureWallOffset } from '../../sockets/k6/wall-clock.ts'
import type { RegionApi } from '../api/api.ts'
import { openHearing, type Hearing } from './hearing.ts'
import { openMailbox, type Mailbox, type PodClock } from './mailbox.ts'
import { defaultRunnerImage, podLabels, testRunCrd, testRunManifests, testRunName, testRunRefs } from './manifests.ts'
import { bundleSuite } from './suite.ts'
import { describe, look, mayPass, verdictOf } from './watch.ts'

export interface TestRunParts {
  api: RegionApi
  run: string
  /** Exists; TestRun, pods and logs live there. */
  namespace: string
  load: LoadSpec
  /** As pods of that cluster dial them. */
  entries: Record<string, GroupEntries>
  token: string
  parallelism: number
  image?: string
  starterImage?: string
  request(row: RequestRow): void
  /** Of waiting for the start; default two minutes, mostly for images to be pulled. */
  startWithinMs?: number
}

/** One k6. */
interface Runner { mailbox: Mailbox; clock: PodClock }

const lookEveryMs = 500
const defaultStartWithinMs = 120_000
/** Images that cannot be pulled are believed to stay so after this. */
const pullGraceMs = 15_000
/** From a container's end to its last line. */
const lastLineWithinMs = 3_000

/** Every error is RGT_TEST_RUN or RGT_K6_SCRIPT, or RGT_KUBERNETES when the API server fails. */
export function openTestRun(parts: TestRunParts): K6Player {
  const { api, run, namespace, load, entries, token, parallelism } = parts
  const name = testRunName(run, load.name)
  const hearing = openHearing(name)
  const runners = new Map<string, Runner>()
  const over = new AbortController()
  let following: { stop(): void } | null = null
  let tally: Tally | null = null
  let delivered: Promise<unknown> = Promise.resolve()

  const remove = async (): Promise<void> => {
    following?.stop()
    if (over.signal.aborted) return
    over.abort()
    for (const ref of testRunRefs(namespace, name)) await api.remove(ref, { graceSeconds: 0 })
  }
  // Whoever interrupts a run removes its namespace as well, so a failure here leaves nothing behind.
  const close = (): void => void remove().catch(() => {})

  return {
    async prepare() {
      await mustBeInstalled(api)
      const suite = await bundleSuite(load, parallelism)
      const { image = defaultRunnerImage, starterImage } = parts
      following = api.follow({ namespace, labels: podLabels(name) }, hearing.line)
      try {
        await api.apply(testRunManifests({
          run, namespace, load, suite, ways: waysOf(load, entries), token, parallelism, image, ...(starterImage === undefined ? {} : { starterImage }),
        }))
        await standing(parts, name, hearing, over.signal)
        // One after the other: each is asked at its quickest.
        const { offsetUs } = measureWallOffset()
        for (const pod of hearing.waiting) {
          const mailbox = openMailbox(api, { namespace, name: pod })
          runners.set(pod, { mailbox, clock: await mailbox.clock(offsetUs) })
        }
      } catch (error) {
        close()
        throw error
      }
    },
    begin(zeroUs) {
      const { offsetUs, uncertaintyUs } = measureWallOffset()
      tally = openTally(load, entries, zeroUs + offsetUs, parts.request)
      hearing.tell(tally, (pod) => runners.get(pod)?.clock.aheadUs ?? 0)
      const each = [...runners.values()]
      delivered = Promise.all(each.map(({ mailbox, clock }) => mailbox.start((zeroUs + offsetUs + load.fromUs + clock.aheadUs) / 1000)))
      // Told by `finish`; until then nobody listens.
      delivered.catch(() => {})
      return { offsetUs, uncertaintyUs: uncertaintyUs + Math.max(...each.map(({ clock }) => clock.uncertaintyUs)) }
    },
    async finish() {
      try {
        await delivered
        const pods = [...runners.keys()]
        const codes = await endings(api, namespace, name, pods, over.signal)
        for (let leftMs = lastLineWithinMs; leftMs > 0 && pods.some((pod) => hearing.summary(pod) === null); leftMs -= 50) await sleep(50)
        const counts = pods.map((pod) => countsOf(pod, load, hearing, codes.get(pod) ?? null))
        const sum = (key: keyof K6Counts): number => counts.reduce((total, one) => total + one[key], 0)
        return tally!.summary({ iterations: sum('iterations'), dropped: sum('dropped') })
      } finally {
        await remove()
      }
    },
    close,
  }
}

async function mustBeInstalled(api: RegionApi): Promise<void> {
  if (await api.read(testRunCrd) !== null) return
  throw topologyError('RGT_TEST_RUN', `k6-operator is not installed in ${api.context}`, {
    expected: 'the CustomResourceDefinition testruns.k6.io', found: 'no such one', hint: 'install it, or leave out loadContext: then k6 runs on this machine',
  })
}

/** Resolves when every k6 stands at the start. */
async function standing({ api, namespace, load, parallelism, startWithinMs: limitMs = defaultStartWithinMs }: TestRunParts, name: string, { waiting, words }: Hearing, over: AbortSignal): Promise<void> {
  let pullingMs = 0
  for (let leftMs = limitMs; waiting.size < parallelism; leftMs -= lookEveryMs) {
    if (over.aborted) throw topologyError('RGT_TEST_RUN', `load ${load.name} was given up while its k6 were started`)
    const sight = await look(api, namespace, name)
    if (waiting.size >= parallelism) return
    const wrong = verdictOf(sight, load.name, (part) => words({ part }) || 'it said nothing')
    pullingMs = mayPass(sight) ? pullingMs + lookEveryMs : 0
    if (wrong !== null && (pullingMs === 0 || pullingMs > pullGraceMs)) throw wrong
    if (leftMs <= 0) {
      throw topologyError('RGT_TEST_RUN', `load ${load.name} did not come to its start within ${limitMs / 1000} s`, {
        expected: `${parallelism} k6 that wait in \`setup\` (\`waitForStart\` of suites/lib/regatta.ts)`, found: `${waiting.size} do; ${describe(sight)}`,
      })
    }
    await sleep(lookEveryMs)
  }
}

/**
 * Exit code of each runner, when all have ended; null for a pod that is gone. An API server that is lost meanwhile may be
 * the drill itself: whoever waits for the end bounds it.
 */
async function endings(api: RegionApi, namespace: string, name: string, pods: readonly string[], over: AbortSignal): Promise<Map<string, number | null>> {
  for (;; await sleep(lookEveryMs)) {
    const sight = await look(api, namespace, name).catch((error: unknown) => {
      if (error instanceof CodedError && error.code === 'RGT_KUBERNETES') return null
      throw error
    })
    if (sight === null && !over.aborted) continue
    const seen = pods.map((pod) => sight?.pods.find((one) => one.name === pod))
    const isRunning = seen.some((pod) => pod !== undefined && pod.exitCode === null)
    if (!isRunning || over.aborted) return new Map(pods.map((pod, at) => [pod, seen[at]?.exitCode ?? null]))
  }
}

function countsOf(pod: string, load: LoadSpec, hearing: Hearing, exitCode: number | null): K6Counts {
  try {
    return readEnding(load.name, { exitCode, summary: hearing.summary(pod), stderr: hearing.words({ pod }) })
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'RGT_K6_RUN') throw error
    throw topologyError('RGT_TEST_RUN', `the k6 of pod ${pod} did not play its part of load ${load.name} to the end`, {
      found: `${exitCode === null ? 'the pod is gone' : `exit code ${exitCode}`}: ${error.details.found}`, cause: error,
    })
  }
}
