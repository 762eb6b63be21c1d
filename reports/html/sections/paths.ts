// Normal latency of each path, measured with pinned probes while all was well: what slow is measured against.

import { pathRttMs } from '../../../scenarios/judging/paths.ts'
import { quantity } from '../../words.ts'
import { round } from '../axis.ts'
import { h, type Markup } from '../markup.ts'
import type { Page } from '../page.ts'

export function pathsSection({ verdict, run, palette }: Page): Markup {
  const most = Math.max(...verdict.paths.map(({ p99Ms }) => p99Ms), 1)
  const width = (ms: number): number => round(Math.min(1, ms / most) * 100)
  const rtt = (group: string, region: string): string => {
    const client = run.plan.topology.clients.find(({ name }) => name === group)
    const gateway = client === undefined ? '' : client.entry.kind === 'edge' ? client.entry.edge : client.entry.kind === 'direct' ? client.entry.region : client.entry.regions[0]
    const ms = pathRttMs(run.plan.topology, group, gateway, region)
    return Number.isNaN(ms) ? '–' : quantity(ms, 'ms')
  }
  return h`<section id="paths"><h2>Normal latency of paths</h2><div class="card"><p class="quiet">Measured in the steady phase by probes pinned to the path. A request is slow when it takes 250 ms more than this.</p>
${verdict.paths.length === 0 ? h`<p>No path was probed.</p>` : h`<div class="scroll" tabindex="0" role="region" aria-label="Normal latency of paths"><table>
<thead><tr><th scope="col">path</th><th scope="col" class="n">round trip</th><th scope="col" class="n">normal</th><th scope="col" class="n">p99</th><th scope="col" class="n">samples</th><th scope="col" class="wide" aria-hidden="true"></th></tr></thead>
<tbody>${verdict.paths.map(({ group, region, samples, normalMs, p99Ms }) => h`<tr><th scope="row">${group} → <span class="${palette.of(region)}"><i class="key dot" aria-hidden="true"></i>${region}</span></th>
<td class="n">${rtt(group, region)}</td><td class="n">${quantity(normalMs, 'ms')}</td><td class="n">${quantity(p99Ms, 'ms')}</td><td class="n">${quantity(samples, 'count')}</td>
<td class="wide" aria-hidden="true"><span class="bar ${palette.of(region)}"><span class="tail" style="width:${width(p99Ms)}%"></span><span class="full" style="width:${width(normalMs)}%"></span></span></td></tr>`)}</tbody></table></div>`}
</div></section>`
}
