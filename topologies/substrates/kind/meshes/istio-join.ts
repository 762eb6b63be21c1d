// Joins the control planes of an Istio mesh: each is given a token with which it reads the endpoints of the other clusters.

import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '../../../../gateway/runtime.ts'
import { topologyError } from '../../../errors.ts'
import { readerToken, remoteSecret } from '../../../meshes/istio/plan-join.ts'
import { rootNamespace } from '../../../meshes/istio/plan-values.ts'
import type { IstioPlan } from '../../../meshes/istio/plan.ts'
import { apiOf, type Ground } from '../grounds.ts'
import { meshDial, type KindLayout } from '../layout.ts'
import type { Site } from '../site.ts'

/** In the certificate of every API server that kubeadm sets up. */
const apiServerName = 'kubernetes.default.svc'
const lookMs = 200

/** Each region's istiod learns to read the endpoints of every other, through the fault proxy. Throws RGT_MESH. */
export async function exchangeSecrets({ regions }: IstioPlan, grounds: readonly Ground[], { linksAddress }: Site, { links }: KindLayout, timeoutMs: number, signal: AbortSignal): Promise<void> {
  const tokens = new Map(await Promise.all(grounds.map(async (ground) => [ground.region, await readerTokenOf(ground, timeoutMs, signal)] as const)))
  await Promise.all(regions.map(({ region, peers }) => apiOf(grounds, { region }).apply(peers.map((peer) => {
    const { host, port } = meshDial(links, linksAddress, region, peer, 'api')
    return remoteSecret({ cluster: peer, server: `https://${host}:${port}`, tlsServerName: apiServerName, ...tokens.get(peer)! })
  }))))
}

/** The API server fills the Secret some time after it was made. */
async function readerTokenOf({ region, api }: Ground, timeoutMs: number, signal: AbortSignal): Promise<{ token: string; caData: string }> {
  const untilUs = systemClock.nowUs() + timeoutMs * 1000
  for (;;) {
    signal.throwIfAborted()
    const secret = await api.read({ apiVersion: 'v1', kind: 'Secret', namespace: rootNamespace, name: readerToken }) as { data?: Record<string, string> } | null
    const { token = '', 'ca.crt': caData = '' } = secret?.data ?? {}
    if (token !== '' && caData !== '') return { token: Buffer.from(token, 'base64').toString(), caData }
    if (systemClock.nowUs() > untilUs) {
      throw topologyError('RGT_MESH', `the API server of ${region} gave no token for the reader of endpoints`, { expected: `data of Secret ${rootNamespace}/${readerToken}`, found: secret === null ? 'no Secret' : 'a Secret without a token' })
    }
    await sleep(lookMs)
  }
}
