// Asks clusters that exist already whether a run can work in them, before anything is made: a context that is missing, a
// server that is silent, credentials that are not taken, and images that could not be brought there.

import { topologyError } from '../../errors.ts'
import type { ClusterOptions } from '../../substrate.ts'
import { openRegionApi } from './api/client.ts'

export interface ExistingRequest {
  run: string
  /** With `contexts`. */
  options: ClusterOptions
  /** Whether this run brings its images into the clusters, and whether kind is here to do it. */
  loadsImages: boolean
  hasKind: boolean
  signal: AbortSignal
  progress(text: string): void
}

/** Throws RGT_KUBECONFIG, RGT_KUBERNETES or RGT_IMAGE, within seconds; the signal's reason when aborted. */
export async function askExisting({ run, options, loadsImages, hasKind, signal, progress }: ExistingRequest): Promise<void> {
  const { contexts = {}, kubeconfig = '', loadContext } = options
  const regions = Object.entries(contexts)
  const unreachable = loadsImages ? regions.find(([, context]) => !hasKind || kindNameOf(context) === null) : undefined
  const asked = [...regions, ...(loadContext === undefined ? [] : [['load', loadContext]])]
  // All are read before the first is asked: what is misspelt is told at once, however long another server is silent.
  const apis = await Promise.all(asked.map(([region, context]) => openRegionApi({ region, kubeconfig, context })))
  const close = (): void => { for (const api of apis) api.close() }
  signal.addEventListener('abort', close)
  try {
    await Promise.all(apis.map(async (api) => {
      progress(`${api.context}: Kubernetes ${await api.version()}`)
      // Anybody may ask for a version; who may not look at a namespace cannot be given one either.
      await api.read({ apiVersion: 'v1', kind: 'Namespace', name: run })
    }))
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    signal.removeEventListener('abort', close)
    close()
  }
  if (unreachable !== undefined) throw cannotLoad(...unreachable)
}

/** Name of the kind cluster that a context is of; null when it is of none. */
export function kindNameOf(context: string): string | null {
  return context.startsWith('kind-') ? context.slice('kind-'.length) : null
}

export function cannotLoad(region: string, context: string): Error {
  return topologyError('RGT_IMAGE', `the images of this run cannot be put into the cluster of ${region}`, {
    expected: 'kind, and a context of a kind cluster of this machine (kind-NAME)', found: `context ${context}`,
    hint: 'load them by hand and name them: REGATTA_GATEWAY_IMAGE and REGATTA_TESTBED_IMAGE',
  })
}
