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
import { openMailbox, type Mailbox, type PodClock } from './mailbox.ts'
import { defaultRunnerImage, podLabels, testRunCrd, testRunManifests, testRunName, testRunRefs } from './manifests.ts'
import { bundleSuite, summaryMark } from './suite.ts'
import { describe, look, mayPass, partOf, verdictOf, type PodPart } from './watch.ts'

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
interface Runner { mailbox: Mailbox; clock: PodClock; summary: string | null }

const lookEveryMs = 500
const defaultStartWithinMs = 120_000
/** Images that cannot be pulled are believed to stay so after this. */
const pullGraceMs = 15_000
/** Last words that are kept of each pod. */
const keptWords = 40
/** From a container's end to its last line. */
const lastLineWithinMs = 3_000

/** Every error is RGT_TEST_RUN or RGT_K6_SCRIPT, or RGT_KUBERNETES when the API server fails. */
export function openTestRun(parts: TestRunParts): K6Player {
  const { api, run, namespace, load, entries, token, parallelism } = parts
  const name = testRunName(run, load.name)
  const runners = new Map<string, Runner>()
  /** Pods that wait at the start, and lines that came before there was a zero. */
  const waiting = new Set<string>()
  const early: [pod: string, line: string][] = []
  const words = new Map<string, string[]>()
  let tally: Tally | null = null
  let following: { stop(): void } | null = null
  let delivered: Promise<unknown> = Promise.resolve()
  let closed = false

  const wordsOf = (part: PodPart): string => {
    const said = [...words].filter(([pod]) => partOf(pod, name) === part).flatMap(([, lines]) => lines).join('\n').trim()
    return said === '' ? 'it said nothing' : said.slice(-600)
  }
  const line = (pod: string, text: string): void => {
    if (text === 'waiting') waiting.add(pod)
    const runner = runners.get(pod)
    if (runner !== undefined && text.startsWith(`${summaryMark}\t`)) runner.summary = text.slice(summaryMark.length + 1)
    else if (text.startsWith('row\t') || text === 'exact') tally === null ? early.push([pod, text]) : tally.line(text, runner?.clock.aheadUs ?? 0)
    else if (text !== '' && text !== 'waiting') {
      const lines = words.get(pod) ?? []
      words.set(pod, [...lines, text].slice(-keptWords))
    }
  }
  const remove = async (): Promise<void> => {
    for (const ref of testRunRefs(namespace, name)) await api.remove(ref, { graceSeconds: 0 })
  }
  const close = (): void => {
    following?.stop()
    following = null
    if (closed) return
    closed = true
    // Whoever interrupts a run removes its namespace as well, so a failure here leaves nothing behind.
    remove().catch(() => {})
  }

  const standing = async (): Promise<void> => {
    const limitMs = parts.startWithinMs ?? defaultStartWithinMs
    let pullingMs = 0
    for (let leftMs = limitMs; ; leftMs -= lookEveryMs) {
      if (waiting.size >= parallelism) return
      if (closed) throw topologyError('RGT_TEST_RUN', `load ${load.name} was given up while its k6 were started`)
      const sight = await look(api, namespace, name)
      if (waiting.size >= parallelism) return
      const wrong = verdictOf(sight, load.name, wordsOf)
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

  const countsOf = (pod: string, { summary }: Runner, exitCode: number | null): K6Counts => {
    try {
      return readEnding(load.name, { exitCode, summary, stderr: (words.get(pod) ?? []).join('\n') })
    } catch (error) {
      if (!(error instanceof CodedError) || error.code !== 'RGT_K6_RUN') throw error
      throw topologyError('RGT_TEST_RUN', `the k6 of pod ${pod} did not play its part of load ${load.name} to the end`, {
        found: `${exitCode === null ? 'the pod is gone' : `exit code ${exitCode}`}: ${error.details.found}`, cause: error,
      })
    }
  }

  /** Exit code of each runner, when all have ended; null for a pod that is gone. */
  const endings = async (): Promise<Map<string, number | null>> => {
    for (;;) {
      const { pods } = await look(api, namespace, name)
      const codes = new Map([...runners.keys()].map((pod) => [pod, pods.find((one) => one.name === pod)]))
      const running = [...codes.values()].some((pod) => pod !== undefined && pod.exitCode === null)
      if (!running || closed) return new Map([...codes].map(([pod, sight]) => [pod, sight?.exitCode ?? null]))
      await sleep(lookEveryMs)
    }
  }

  return {
    async prepare() {
      if (await api.read(testRunCrd) === null) {
        throw topologyError('RGT_TEST_RUN', `k6-operator is not installed in ${api.context}`, {
          expected: 'the CustomResourceDefinition testruns.k6.io', found: 'no such one', hint: 'install it, or leave out loadContext: then k6 runs on this machine',
        })
      }
      const suite = await bundleSuite(load, parallelism)
      const { image = defaultRunnerImage, starterImage } = parts
      following = api.follow({ namespace, labels: podLabels(name) }, line)
      try {
        await api.apply(testRunManifests({
          run, namespace, load, suite, ways: waysOf(load, entries), token, parallelism, image, ...(starterImage === undefined ? {} : { starterImage }),
        }))
        await standing()
        // One after the other: each is asked at its quickest, and nobody is asked for long.
        const { offsetUs } = measureWallOffset()
        for (const pod of waiting) {
          const mailbox = openMailbox(api, { namespace, name: pod })
          runners.set(pod, { mailbox, clock: await mailbox.clock(offsetUs), summary: null })
        }
      } catch (error) {
        close()
        throw error
      }
    },
    begin(zeroUs) {
      const { offsetUs, uncertaintyUs } = measureWallOffset()
      tally = openTally(load, entries, zeroUs + offsetUs, parts.request)
      for (const [pod, text] of early.splice(0)) line(pod, text)
      const each = [...runners.values()]
      delivered = Promise.all(each.map(({ mailbox, clock }) => mailbox.start((zeroUs + offsetUs + load.fromUs + clock.aheadUs) / 1000)))
      // Told by `finish`; until then nobody listens.
      delivered.catch(() => {})
      return { offsetUs, uncertaintyUs: uncertaintyUs + Math.max(...each.map(({ clock }) => clock.uncertaintyUs)) }
    },
    async finish() {
      try {
        await delivered
        const codes = await endings()
        for (let leftMs = lastLineWithinMs; leftMs > 0 && [...runners.values()].some(({ summary }) => summary === null); leftMs -= 50) await sleep(50)
        const counts = [...runners].map(([pod, runner]) => countsOf(pod, runner, codes.get(pod) ?? null))
        const sum = (key: keyof K6Counts): number => counts.reduce((total, one) => total + one[key], 0)
        return tally!.summary({ iterations: sum('iterations'), dropped: sum('dropped') })
      } finally {
        following?.stop()
        following = null
        if (!closed) {
          closed = true
          await remove()
        }
      }
    },
    close,
  }
}
