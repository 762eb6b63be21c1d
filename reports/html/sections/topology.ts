// Where it ran: how each group of clients gets in, which regions it may be served by and how far they are, and who
// served it in each phase.

import { homeRegion, regionsByDistance, rttMs, entryPlace } from '../../../scenarios/faults/paths.ts'
import type { ClientGroup } from '../../../topologies/topology.ts'
import { quantity } from '../../words.ts'
import { round } from '../axis.ts'
import { unserved } from '../charts/traffic.ts'
import { h, nothing, type Markup } from '../markup.ts'
import { numbers } from '../numbers.ts'
import type { Page } from '../page.ts'
import { servedByGroup } from '../series.ts'

/** Choices shown of a group: its home and the next two. */
const choices = 3

export function topologySection(page: Page): Markup {
  const { topology } = page.run.plan
  return h`<section id="topology"><h2>Topology</h2><div class="card"><h3>${topology.name}</h3><p class="quiet">${topology.description}</p>
<ul class="ways">${topology.clients.map((group) => way(page, group))}</ul>
${regionTable(page)}${distances(page)}</div></section>`
}

function way(page: Page, group: ClientGroup): Markup {
  const { topology, faults } = page.run.plan
  const entry = entryPlace(group)
  const hit = new Set(faults.flatMap(({ paths }) => paths.filter((path) => path.group === group.name).map(({ region }) => region)))
  const ms = (from: typeof entry | `clients:${string}`, to: typeof entry): string => {
    const value = rttMs(topology, from, to)
    return Number.isFinite(value) ? quantity(value, 'ms') : ''
  }
  const regions = regionsByDistance(topology, group)
  const next = regions.slice(0, choices)
  return h`<li><div class="hops"><span class="place group">${group.name}</span><span class="hop">${ms(`clients:${group.name}`, entry)} →</span>
<span class="place entry">${group.entry.kind === 'edge' ? h`<small>edge</small> ${group.entry.edge}` : group.entry.kind === 'direct' ? h`<small>direct</small>` : h`<small>list of ${group.entry.regions.length}</small>`}</span>
<span class="hop">→</span><span class="choices">${next.map((region, index) => h`${index === 0 ? nothing : h`<span class="hop">else</span>`}<span class="${page.palette.of(region)} place region${hit.has(region) ? ' hit' : ''}"><i class="key dot" aria-hidden="true"></i>${region} <small>${entry === `region:${region}` ? '' : ms(entry, `region:${region}`)}${index === 0 ? ' home' : ''}</small>${hit.has(region) ? h` <small class="hit-word">fault</small>` : nothing}</span>`)}${regions.length > choices ? h`<span class="quiet">and ${regions.length - choices} more</span>` : nothing}</span></div>
${phaseBars(page, group.name)}</li>`
}

/** Who served the group: a bar a phase. */
function phaseBars(page: Page, group: string): Markup {
  const counts = servedByGroup(page.context, page.phaseSlots).get(group)
  if (counts === undefined) return nothing
  const order = [...page.run.plan.topology.regions.map(({ name }) => name), ''].filter((name) => counts.has(name))
  return h`<div class="phase-bars">${page.phaseSlots.names.flatMap((phase, slot) => {
    const total = order.reduce((sum, name) => sum + (counts.get(name)?.[slot] ?? 0), 0)
    if (phase === 'warmup' || total === 0) return []
    const parts = order.map((name) => ({ name: name === '' ? unserved : name, tone: name === '' ? 'unserved' : page.palette.of(name), share: (counts.get(name)?.[slot] ?? 0) / total })).filter(({ share }) => share > 0)
    const words = parts.map(({ name, share }) => `${name} ${quantity(Math.round(share * 1000) / 1000, 'share')}`).join(', ')
    return [h`<div><span>${phase}</span><span class="stack" role="img" aria-label="${group} in phase ${phase}: ${words}" title="${words}">${parts.map(({ tone, share }) => h`<span class="${tone}" style="width:${round(share * 100)}%"></span>`)}</span></div>`]
  })}</div>`
}

function regionTable({ run, context }: Page): Markup {
  const { topology } = run.plan
  const hit = new Map(context.faults.flatMap(({ fault }) => fault.paths.map(({ region }) => [region, fault.kind] as const)))
  return numbers({
    caption: `${topology.regions.length} regions`, head: ['region', 'cloud', 'jurisdiction', 'home of', 'fault'],
    rows: topology.regions.map(({ name, cloud, jurisdiction }) => [name, cloud, String(jurisdiction),
      topology.clients.filter((group) => homeRegion(topology, group) === name).map((group) => group.name).join(', ') || '–', hit.get(name) ?? '–']),
  })
}

function distances({ run }: Page): Markup {
  const { links, regions } = run.plan.topology
  const places = [...new Set(links.map(({ from }) => from))].filter((place) => links.some(({ from, to }) => from === place && to.startsWith('region:')))
  const cell = (from: string, region: string): string => {
    const link = links.find((one) => one.from === from && one.to === `region:${region}`)
    return link === undefined ? '–' : `${quantity(link.rttMs, 'ms')}${link.source === 'stated' ? ' *' : ''}`
  }
  return numbers({
    caption: 'Round-trip times, computed from coordinates (* stated by the file)', head: ['from \\ to', ...regions.map(({ name }) => name)],
    rows: places.map((from) => [from.replace(':', ' '), ...regions.map(({ name }) => cell(from, name))]),
  })
}
