// The embedded fault proxy as a process of a run: serves where no Toxiproxy can be had, over the same API.

import { runChild, seededRandom } from '../../../../../gateway/runtime.ts'
import { createAlarms } from './alarms.ts'
import { createApi } from './api.ts'

export interface FaultProxyBootstrap {
  listen: { host: string; port: number }
  token: string | null
  /** Jitter and toxicity replay with it. */
  seed: number
}

await runChild<FaultProxyBootstrap>(async ({ bootstrap, clock, scheduler }) => {
  const { server, close } = createApi({
    token: bootstrap.token,
    alarms: createAlarms(clock, scheduler),
    random: seededRandom(bootstrap.seed),
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(bootstrap.listen, resolve))
  return close
})
