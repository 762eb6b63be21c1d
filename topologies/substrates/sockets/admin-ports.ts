// The admin ports of gateways, wherever they run, and what a run asks there whatever the substrate.

import type { GroupEntries } from './generator/bootstrap.ts'
import type { Journal } from './journal.ts'

export interface AdminPort {
  /** `gateway/eu-west` */
  process: string
  /** For people; empty when there is none on this machine. */
  address: string
  ask(method: 'GET' | 'POST', path: string): Promise<{ status: number; body: string }>
}

/** Milliseconds that an admin port has for an answer. */
export const adminAnswerMs = 3_000

export function listeningAdmin(process: string, { host, port }: { host: string; port: number }, token: string): AdminPort {
  const address = `http://${host}:${port}`
  return {
    process, address,
    async ask(method, path) {
      const response = await fetch(`${address}${path}`, { method, headers: { 'x-regatta-token': token }, signal: AbortSignal.timeout(adminAnswerMs) })
      return { status: response.status, body: await response.text() }
    },
  }
}

/** Of every gateway; what does not answer (a drill may have stopped it) is told in the history. */
export function collectGarbage(admin: readonly AdminPort[], journal: Journal): void {
  for (const { process, ask } of admin) {
    ask('POST', '/gc')
      .then(({ status }) => { if (status !== 200) throw new Error(`status ${status}`) })
      .catch((error: unknown) => journal.note({ kind: 'tool', tool: process, text: `no garbage collection: ${String(error)}` }))
  }
}

/** For the inventory: by client group, where its requests go in. */
export function entriesOf(waysIn: Record<string, GroupEntries>): Record<string, string[]> {
  return Object.fromEntries(Object.entries(waysIn).map(([group, { edges, regions }]) =>
    [group, [...Object.values(edges), ...Object.values(regions)].map(({ host, port }) => `http://${host}:${port}`)]))
}
