// Whether an Envoy of the mesh serves, asked at its own admin port: Consul's checks begin as passing and know nothing of
// configuration, and an Envoy without any would else be met as "does not reach" of somebody else.

import { request } from 'undici'
import type { EnvoyPlan } from './envoy.ts'
import { hostPort } from './envoy.ts'
import { wait, type Ended } from './waits.ts'

const answerMs = 2_000
const suffix = '-sidecar-proxy'

/** As people are told of it: whose it is. */
export function envoyWords({ id, kind }: Pick<EnvoyPlan, 'id' | 'kind'>): string {
  if (kind === 'mesh-gateway') return 'the mesh gateway'
  return `the sidecar of ${id.endsWith(suffix) ? id.slice(0, -suffix.length) : id}`
}

export interface EnvoyLook {
  ended: Ended
  /** The end of its log. */
  lastWords(): string
  timeoutMs: number
  signal: AbortSignal
}

/**
 * Until the Envoy is LIVE: it runs and has had its listeners and clusters from Consul, whose bootstrap lets it wait for
 * them without end (`initial_fetch_timeout: 0s`). Throws RGT_MESH that names region and service, at once when it ended.
 */
export function untilLive(envoy: EnvoyPlan, { ended, lastWords, timeoutMs, signal }: EnvoyLook): Promise<void> {
  const { region, admin } = envoy
  const origin = `http://${hostPort(admin)}`
  return wait<void>({ region, origin, signal }, {
    path: '/ready', what: `${envoyWords(envoy)} did not become ready`, expected: 'LIVE', timeoutMs,
    hint: 'an Envoy that stays PRE_INITIALIZING has no configuration from its Consul server; the log of either says more while the run is up',
    async look() {
      const end = ended()
      if (end !== null) return { missing: end, hopeless: true }
      const said = await request(`${origin}/ready`, { signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]) }).then(
        async ({ body }) => `says ${(await body.text()).trim()}`,
        (error: Error & { code?: string }) => `does not answer (${error.code ?? error.name})`,
      )
      return said === 'says LIVE' ? { value: undefined } : { missing: `its Envoy ${said}; its log: ${lastWords()}` }
    },
  })
}
