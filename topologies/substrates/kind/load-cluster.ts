// A cluster from which the offered load is sent, by k6-operator, instead of from this machine: for rates that one
// generator cannot make. Its pods dial the same links; its rows become part of the same history.

import type { ClusterOptions, LoadSpec } from '../../substrate.ts'
import type { RequestRow } from '../../history.ts'
import type { GroupEntries } from '../sockets/generator/bootstrap.ts'
import type { K6Player } from '../sockets/k6/k6.ts'
import type { Undo } from '../sockets/stages.ts'
import { openRegionApi } from './api/client.ts'
import type { PublishedLinks } from './layout.ts'
import { runLabel } from './manifests/region.ts'
import { removeOwn } from './namespaces.ts'
import { openTestRun } from './test-run/player.ts'

export interface LoadClusterParts {
  run: string
  options: ClusterOptions & { loadContext: string }
  token: string
  waysIn: Record<string, GroupEntries>
  published: PublishedLinks
  linksAddress: string
  /** Noted in the claim before it is made. */
  note(made: { kubeconfig: string; context: string; names: string[] }): void
  undo: Undo[]
}

export type Player = (load: LoadSpec, request: (row: RequestRow) => void) => K6Player

/** Throws RGT_KUBECONFIG, RGT_KUBERNETES; the player RGT_TEST_RUN. */
export async function openLoadCluster({ run, options, token, waysIn, published, linksAddress, note, undo }: LoadClusterParts): Promise<Player> {
  const { loadContext: context, kubeconfig = '', parallelism = 1, k6Image, k6StarterImage } = options
  const api = await openRegionApi({ region: 'load', kubeconfig, context })
  undo.push(() => api.close())
  const namespace = `${run}-load`
  note({ kubeconfig, context, names: [namespace] })
  undo.push(() => removeOwn(run, api, { names: [namespace] }).then(() => {}))
  await api.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: { [runLabel]: run, 'app.kubernetes.io/managed-by': 'regatta' } } }])
  const entries = asDialledFrom(waysIn, published, linksAddress)
  return (load, request) => openTestRun({
    api, run, namespace, load, entries, token, parallelism, request,
    ...(k6Image === undefined ? {} : { image: k6Image }), ...(k6StarterImage === undefined ? {} : { starterImage: k6StarterImage }),
  })
}

/** Ways in as a pod dials them: the links themselves, not the ports of this machine that are mapped to them. */
export function asDialledFrom(waysIn: Record<string, GroupEntries>, { links }: PublishedLinks, host: string): Record<string, GroupEntries> {
  const inside = new Map(links.map(({ link, port }) => [port, link.insidePort]))
  const dialled = (addresses: GroupEntries['edges']): GroupEntries['edges'] => Object.fromEntries(Object.entries(addresses).map(([name, address]) =>
    [name, { ...address, host, port: inside.get(address.port)! }]))
  return Object.fromEntries(Object.entries(waysIn).map(([group, { own, edges, regions }]) => [group, { own, edges: dialled(edges), regions: dialled(regions) }]))
}
