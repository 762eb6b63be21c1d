// The map in a real browser: it fits wide and narrow, loads nothing, complains of nothing, and can be read by every eye.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { axisWith } from '../../scenarios/sweep/load-sweep.ts'
import { resultWith, smallSweep, trial } from '../../scenarios/sweep/sweep.case.ts'
import { executablePath, launchArguments, lowContrast } from '../html/browser.case.ts'
import { nasty } from '../verdict.case.ts'
import { writeSweep } from './index.ts'

/** Every class of every map, in four maps each. */
const sweep = smallSweep({ axes: [axisWith('rate', [5, 20, 100, 400, 800, 1600, 3200]), axisWith('probe-interval', [100, 3000]), axisWith('probe-timeout', [50, 1000]), axisWith('regions', [2, 3])] })
const times = [100, 300, 700, 1500, 3000, 9000]
const ejections = [0, 1, 4, 15, 70, 0]
const result = resultWith(sweep, ([rate, interval], seed) => {
  const at = [5, 20, 100, 400, 800, 1600, 3200].indexOf(rate)
  if (at === 6 && interval === 100) return null
  return trial({ seed, falseEjections: ejections[at] ?? 0, failover: at === 6 ? { notRecovered: true, detectMs: null } : { valueMs: times[at] * (1 + seed / 10), detectMs: times[at], resolutionMs: 700, belowResolution: at === 2 } })
})

describe.skipIf(executablePath === undefined)(executablePath === undefined ? 'the map in a browser (skipped: no Chromium or Chrome on this machine)' : 'the map in a browser', { timeout: 60_000 }, () => {
  let browser: Browser
  const dir = mkdtempSync(join(tmpdir(), 'regatta-map-'))
  beforeAll(async () => { browser = await chromium.launch({ executablePath, args: launchArguments }) })
  afterAll(async () => {
    await browser.close()
    rmSync(dir, { recursive: true, force: true })
  })

  async function troublesOf(width: number, colorScheme: 'light' | 'dark', name: string): Promise<unknown[]> {
    const { html } = writeSweep(join(dir, `${width}-${colorScheme}`), { ...result, name, description: name })
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
    const troubles: unknown[] = []
    page.on('console', (message) => troubles.push(`console ${message.text()}`))
    page.on('dialog', (dialog) => { troubles.push('dialog'); void dialog.dismiss() })
    page.on('request', (request) => { if (request.url() !== pathToFileURL(html).href && !request.url().startsWith('data:')) troubles.push(`request ${request.url()}`) })
    await page.goto(pathToFileURL(html).href)
    await page.locator('details').evaluateAll('all => all.forEach((one) => { one.open = true })' as never)
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    if (overflow !== 0) troubles.push(`overflow ${overflow}`)
    const clipped = await page.evaluate(`[...document.querySelectorAll('.heat td')].filter((cell) => cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.textContent)`) as string[]
    if (width > 1000) troubles.push(...clipped.map((text) => `clipped ${text}`))
    troubles.push(...await page.evaluate(lowContrast) as string[])
    await page.close()
    return troubles
  }

  for (const width of [1280, 390]) {
    for (const scheme of ['light', 'dark'] as const) {
      it(`fits ${width} pixels, ${scheme}, with enough contrast, without a request`, async () => {
        expect(await troublesOf(width, scheme, 'map')).toEqual([])
      })
    }
  }

  it('hostile names run nothing and push nothing over the edge', async () => {
    expect(await troublesOf(390, 'light', `map${nasty}`)).toEqual([])
  })
})
