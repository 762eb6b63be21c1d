// One client is refused over and over, by several gateways: somebody tries credentials, and spreads the attempts so that no
// single gateway finds them many. Only whoever sees all gateways can tell.

import { z } from 'zod'
import { defineAlert, windowUs, type Finding } from './kind.ts'
import { createWindow, type Window } from './window.ts'

const parameters = z.strictObject({
  count: z.int().min(1).default(20).describe('Refusals of one client in the window, all gateways together.'),
  gateways: z.int().min(1).max(64).default(2).describe('Over at least so many gateways.'),
  window: windowUs.prefault('1m'),
})

/** Clients that are watched; beyond that the one that was refused longest ago is forgotten. */
const maxClients = 2_000
/** Of one client; a further gateway's refusals are counted with those of the last. */
const maxGateways = 64

export const credentialFailures = defineAlert({
  kind: 'credential-failures',
  description: 'One client\'s credentials are refused again and again, by several gateways.',
  about: 'gateways',
  parameters,
  watch({ count, gateways, window: span }) {
    /** Client → gateway → refusals; clients in the order in which they were refused last. */
    const clients = new Map<string, Map<string, Window>>()
    return {
      report(report, nowUs) {
        for (const { client, count: refused } of report.refusedClients) {
          const byGateway = clients.get(client) ?? new Map<string, Window>()
          clients.delete(client)
          clients.set(client, byGateway)
          if (clients.size > maxClients) clients.delete(clients.keys().next().value!)
          windowOf(byGateway, report.gateway, span).add(0, refused, nowUs)
        }
      },
      findings(nowUs) {
        const findings: Finding[] = []
        for (const [client, byGateway] of clients) {
          let value = 0
          const refusing: string[] = []
          for (const [gateway, window] of byGateway) {
            const refused = window.sum(0, span, nowUs)
            value += refused
            if (refused > 0) refusing.push(gateway)
            else if (window.empty(nowUs)) byGateway.delete(gateway)
          }
          if (byGateway.size === 0) clients.delete(client)
          if (value < count || refusing.length < gateways) continue
          findings.push({
            labels: { client }, value, bound: count, unit: 'refusals', gateways: refusing.sort(),
            summary: `client ${client} was refused ${value} times by ${refusing.length} gateway${refusing.length === 1 ? '' : 's'}`,
          })
        }
        return findings
      },
    }
  },
  promql: () => ({ unsaid: 'Clients are no labels of metrics, because there is no end to them: only control planes can tell.' }),
})

function windowOf(byGateway: Map<string, Window>, gateway: string, span: number): Window {
  const known = byGateway.get(gateway)
  if (known !== undefined) return known
  if (byGateway.size >= maxGateways) return [...byGateway.values()].at(-1)!
  const made = createWindow({ spanUs: span, shortestUs: span, channels: 1 })
  byGateway.set(gateway, made)
  return made
}
