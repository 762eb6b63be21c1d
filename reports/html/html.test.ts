// The page as text: nothing from a run becomes markup, nothing is loaded from elsewhere, and a big run stays small.

import { createHash } from 'node:crypto'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { catalogScenarios } from '../../scenarios/load-scenario.ts'
import { readRun } from '../../scenarios/read-run.ts'
import { readHistory } from '../../topologies/history/read.ts'
import type { ReportInput } from '../report.ts'
import { nasty, trace, unsupportedVerdict } from '../verdict.case.ts'
import { writeFixtureRun, type FixtureOptions } from './fixture.case.ts'
import { html } from './html.ts'
import { embeddedJson, escapeHtml, h } from './markup.ts'

const made: string[] = []
afterAll(() => made.forEach((dir) => rmSync(dir, { recursive: true, force: true })))

async function inputOf(options: FixtureOptions = {}): Promise<ReportInput> {
  const dir = await writeFixtureRun(options)
  made.push(dir)
  return { run: await readRun(dir), verdict: JSON.parse(readFileSync(join(dir, 'verdict.json'), 'utf8')), history: readHistory(dir) }
}

describe('markup', () => {
  it('escapes every string put into it, and no Markup twice', () => {
    expect(h`<p title="${`"'<>&`}">${h`<b>${'<i>'}</b>`}${[h`1`, h`2`]}${null}</p>`.text).toBe('<p title="&quot;&#39;&lt;&gt;&amp;"><b>&lt;i&gt;</b>12</p>')
  })

  it('no text can open a tag, and embedded JSON reads back the same', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(escapeHtml(text)).not.toMatch(/[<>"']/)
      expect(embeddedJson({ text }).text).not.toMatch(/[<>\u2028\u2029]/)
      expect(JSON.parse(embeddedJson({ text }).text)).toEqual(JSON.parse(JSON.stringify({ text })))
    }))
  })
})

describe('the page of a run', () => {
  it('shows verdict, stages, every check, paths, events and how to repeat it', async () => {
    const input = await inputOf()
    const page = html(input)
    expect(input.verdict.verdict).toBe('pass')
    expect(page).toContain('<title>PASS: regional-outage</title>')
    for (const stage of ['detected', 'decided', 'drained', 'recovered']) expect(page).toContain(`</i>${stage}</span>`)
    for (const { name, objective } of input.verdict.checks) {
      expect(page).toContain(`<code>${escapeHtml(name)}</code>`)
      expect(page).toContain(escapeHtml(objective))
    }
    expect(page).toContain('region dark: eu-west')
    expect(page).toContain('regatta run regional-outage --on local --seed 42')
    expect(page).toContain('<a href="events.ndjson">')
    expect(page).toContain('toxiproxy: the embedded part stands in (not found and not installed)')
  })

  it('of virtual time says what could not be measured, how long it took, and its trace', async () => {
    const input = await inputOf()
    const run = { ...input.run, substrate: 'simulated', time: 'virtual' as const, inventory: { ...input.run.inventory, trace } }
    const history = { ...input.history, events: input.history.events.filter(({ kind }) => kind !== 'machine') }
    const page = html({ run, history, verdict: unsupportedVerdict({ verdict: 'inconclusive' }) })
    expect(page).toContain('<span class="mark unsupported"><b aria-hidden="true">–</b> unsupported</span>')
    expect(page).toContain('<li>simulated cannot measure decision_time: the clock stands still</li>')
    expect(page).toContain('1 of 2 hold, 1 cannot be measured here')
    expect(page).toContain('<dt>substrate</dt><dd>simulated, in virtual time</dd>')
    expect(page).toContain('<dt>virtual time</dt><dd>60 s in 5.2 s by the clock on the wall, 11.5 times faster than real time</dd>')
    expect(page).toContain('<dt>trace</dt><dd>47982203a32013f1 over 12,345,678 events, 3,000,000 requests</dd>')
    expect(page).toContain('Virtual time stands still while the machine is busy')
    expect(html(input)).not.toMatch(/virtual/i)
  })

  it('names what was asked in vain when nothing else was asked', async () => {
    const input = await inputOf()
    const { checks } = unsupportedVerdict()
    const page = html({ ...input, verdict: unsupportedVerdict({ verdict: 'inconclusive', checks: [] }) })
    const [, callout] = /<section class="callout inconclusive"(.*?)<\/section>/s.exec(page) ?? []
    expect(callout).toContain(escapeHtml(checks[0].evidence[0]))
  })

  it('is the same every time', async () => {
    const input = await inputOf()
    expect(html(input)).toBe(html(input))
  })

  it('loads nothing and lets only its own script run', async () => {
    const page = html(await inputOf())
    expect([...page.matchAll(/(?:src|href)="(?!#)([^"]*)"/g)].map(([, target]) => target).filter((target) => /^[a-z]+:|^\/\//.test(target))).toEqual(['data:,'])
    const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? []
    const [, script] = /<script>([\s\S]*?)<\/script>/.exec(page) ?? []
    expect(policy).toContain(`sha256-${createHash('sha256').update(script).digest('base64')}`.replaceAll("'", '&#39;'))
    expect(policy).toContain('default-src &#39;none&#39;')
  })

  it('keeps hostile names as text', async () => {
    const page = html(await inputOf({ rename: { 'eu-west': `eu${nasty}`, europe: `europe${nasty}`, catalog: `catalog${nasty}` } }))
    expect(page).not.toMatch(/<img/i)
    expect(page.match(/<script/g)).toHaveLength(2)
    expect(page.match(/<\/script/g)).toHaveLength(2)
    expect(page).toContain('&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;')
  })

  it('does not grow with its requests', { timeout: 60_000 }, async () => {
    // At this rate dots are thinned out already, good and bad: what more requests add is digits.
    const input = await inputOf({ rate: 16, lost: [0, 3900] })
    expect(input.history.requests.length).toBeGreaterThan(60_000)
    expect(Buffer.byteLength(html(input))).toBeLessThan(700_000)
  })

  it('of fifteen regions draws those that matter, and says when failover was not measured', async () => {
    const page = html(await inputOf({ topology: 'fifteen-regions' }))
    expect(page).toContain('no group of clients is affected by the fault')
    expect(page).toContain('15 regions')
  })

  it('can be made of every scenario of the catalogue', { timeout: 180_000 }, async () => {
    const names = (await catalogScenarios()).map(({ name }) => name).filter((name) => name !== 'steady')
    expect(names.length).toBeGreaterThan(5)
    for (const scenario of names) {
      const page = html(await inputOf({ scenario }))
      expect(page).toContain(`<h1>${scenario}</h1>`)
      expect(page.slice(page.indexOf('<body>'), page.lastIndexOf('<script>'))).not.toMatch(/NaN|Infinity|undefined|\[object/)
    }
  })

  it('of a run without a row, an event or a fault is still a page', async () => {
    const input = await inputOf({ scenario: 'steady' })
    expect(html(input)).not.toContain('id="failover"')
    const empty: ReportInput = { ...input, run: { ...input.run, ended: 'failed', error: { code: 'RGT_X', message: '<b>broke', hint: '<i>mend' } }, history: { ...input.history, ...emptyHistory(input) } }
    expect(html(empty)).toContain('no request on record')
    expect(html(empty)).toContain('&lt;b&gt;broke')
    expect(html(empty)).toContain('hint: &lt;i&gt;mend')
  })
})

function emptyHistory({ history }: ReportInput): Pick<ReportInput['history'], 'events' | 'requests' | 'attempts'> {
  return { events: [], requests: { ...history.requests, length: 0 }, attempts: { ...history.attempts, length: 0 } }
}
