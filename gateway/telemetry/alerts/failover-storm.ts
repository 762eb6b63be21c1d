// Much is answered by another region than usual, or several gateways turn away from one region. What is usual is learned
// for each gateway and route by itself, from reports in which nothing was out of the ordinary, so that a change of where
// clients are is no storm, and a storm does not become what is usual while it lasts.

import { z } from 'zod'
import { durationUs } from '../../config/duration.ts'
import type { RedSeries, TelemetryReport } from '../red/report.ts'
import { defineAlert, windowUs, type Finding } from './kind.ts'
import { ofGateways } from './promql.ts'
import { createRegionsSeen } from './regions-seen.ts'
import { createUsualRegions } from './usual-regions.ts'
import { createWindow } from './window.ts'

const parameters = z.strictObject({
  share: z.number().gt(0).max(1).default(0.1).describe('Of answered requests, answered by a region that is not usual for their gateway and route.'),
  window: windowUs.prefault('30s').describe('What the share is taken over, and how long traffic that has just begun is only learned from.'),
  minRequests: z.int().min(1).default(50).describe('With fewer requests in the window nothing is said of shares.'),
  gateways: z.int().min(1).default(2).describe('So many gateways that turn away from one region are a storm, whatever the share.'),
  accept: durationUs.prefault('1h').describe('What was out of the ordinary for so long is usual from then on.'),
})

export const failoverStorm = defineAlert({
  kind: 'failover-storm',
  description: 'Requests are answered by other regions than usual, or several gateways turn away from a region.',
  about: 'gateways',
  parameters,
  watch({ share, window, minRequests, gateways, accept }) {
    const counts = createWindow({ spanUs: window, shortestUs: window, channels: 2 })
    const usual = createUsualRegions(accept, window)
    const draining = createRegionsSeen()
    const moving = new Map<string, number>()
    return {
      report(report, nowUs) {
        draining.report(report, nowUs)
        for (const [route, answered] of answersByRoute(report)) {
          const { known, moved } = usual.learn(`${report.gateway}\n${route}`, answered, nowUs)
          counts.add(0, known, nowUs)
          counts.add(1, moved, nowUs)
          if (moved > 0) moving.set(report.gateway, nowUs)
        }
      },
      findings(nowUs) {
        for (const [gateway, atUs] of moving) if (nowUs - atUs > window) moving.delete(gateway)
        const known = counts.sum(0, window, nowUs)
        const value = known === 0 ? 0 : counts.sum(1, window, nowUs) / known
        const moved: Finding[] = known < minRequests || value <= share ? [] : [{
          labels: {}, value, bound: share, unit: 'share of requests', gateways: [...moving.keys()].sort(),
          summary: `${(value * 100).toPrecision(3)} % of requests were answered by another region than usual`,
        }]
        return [...moved, ...draining.regions(nowUs).filter(({ seenBy }) => seenBy.length >= gateways).map(({ region, seenBy }): Finding => ({
          labels: { region }, value: seenBy.length, bound: gateways, unit: 'gateways', gateways: seenBy,
          summary: `${seenBy.length} gateway${seenBy.length === 1 ? '' : 's'} turned away from region ${region}`,
        }))]
      },
    }
  },
  promql({ gateways }, scope) {
    const turnedAway = `sum by (region) (regatta_region_draining_gateways${ofGateways(scope)})`
    return {
      expr: `${turnedAway} >= ${gateways}`,
      summary: '{{ $value }} gateways turned away from region {{ $labels.region }}',
      caveat: 'The share answered by other regions than usual is learned by the control plane and not said here.',
      panels: [{ title: 'Gateways that turned away from a region', expr: turnedAway, bound: gateways, bad: 'above', unit: 'short', legend: '{{region}}' }],
    }
  },
})

/** Route → region → requests that it answered. What no region answered says nothing of regions. */
function answersByRoute({ series }: TelemetryReport): Map<string, Map<string, number>> {
  const routes = new Map<string, Map<string, number>>()
  for (const { labels, outcomes } of series) {
    if (labels.overflow === 'true' || labels.region === '') continue
    const regions = routes.get(labels.route) ?? new Map<string, number>()
    regions.set(labels.region, (regions.get(labels.region) ?? 0) + sum(outcomes))
    routes.set(labels.route, regions)
  }
  return routes
}

function sum(outcomes: RedSeries['outcomes']): number {
  return Object.values(outcomes).reduce((total, count) => total + count, 0)
}
