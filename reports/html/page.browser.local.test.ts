// The page in a real browser: what scripts add works with mouse and keyboard, nothing is loaded, nothing overflows.

import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { nasty } from '../verdict.case.ts'
import { writeReports } from '../index.ts'
import { executablePath, launchArguments as args, lowContrast } from './browser.case.ts'
import { writeFixtureRun, type FixtureOptions } from './fixture.case.ts'

/** Browsers are slow to start where cores are few. */
const timeout = 60_000

interface Opened { page: Page; troubles: string[] }

describe.skipIf(executablePath === undefined)(executablePath === undefined ? 'the page in a browser (skipped: no Chromium or Chrome on this machine)' : 'the page in a browser', { timeout }, () => {
  let browser: Browser
  const made: string[] = []
  beforeAll(async () => { browser = await chromium.launch({ executablePath, args }) })
  afterAll(async () => {
    await browser.close()
    made.forEach((dir) => rmSync(dir, { recursive: true, force: true }))
  })

  async function open(options: FixtureOptions, view: { width: number; scheme?: 'light' | 'dark'; scripts?: boolean }): Promise<Opened> {
    const dir = await writeFixtureRun(options)
    made.push(dir)
    const { html } = await writeReports(dir, ['html'])
    const page = await browser.newPage({ viewport: { width: view.width, height: 900 }, colorScheme: view.scheme ?? 'light', javaScriptEnabled: view.scripts ?? true })
    const troubles: string[] = []
    page.on('console', (message) => troubles.push(`console ${message.text()}`))
    page.on('pageerror', (error) => troubles.push(`error ${error.message}`))
    page.on('dialog', (dialog) => { troubles.push('dialog'); void dialog.dismiss() })
    page.on('request', (request) => { if (request.url() !== pathToFileURL(join(dir, 'report.html')).href && !request.url().startsWith('data:')) troubles.push(`request ${request.url()}`) })
    await page.goto(pathToFileURL(html).href)
    return { page, troubles }
  }

  const overflow = (page: Page): Promise<number> => page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

  for (const width of [1280, 390]) {
    for (const scheme of ['light', 'dark'] as const) {
      it(`fits ${width} pixels, ${scheme}, without a complaint or a request`, async () => {
        const { page, troubles } = await open({ lost: [100, 600] }, { width, scheme })
        expect(await page.locator('.badge').innerText()).toContain('FAIL')
        expect(await page.locator('.badge').isVisible()).toBe(true)
        await page.locator('details').evaluateAll('all => all.forEach((one) => { one.open = true })' as never)
        expect(await overflow(page)).toBe(0)
        expect(troubles).toEqual([])
        await page.close()
      })
    }
  }

  it('hostile names run nothing and push nothing over the edge', async () => {
    const { page, troubles } = await open({ rename: { 'eu-west': `eu${nasty}`, europe: `europe${nasty}` } }, { width: 390 })
    await page.locator('.area[data-panel=moment]').hover()
    expect(await page.locator('.tip:visible').innerText()).not.toBe('')
    expect(await page.locator('img').count()).toBe(0)
    expect(await overflow(page)).toBe(0)
    expect(troubles).toEqual([])
    await page.close()
  })

  it('tooltips follow the mouse and the arrow keys, and Escape closes them', async () => {
    const { page } = await open({}, { width: 1280 })
    const chart = page.locator('.area[data-panel=traffic]')
    await chart.hover()
    // 190 of 240 requests a second: all of Europe's and America's.
    expect(await chart.locator('.tip').innerText()).toMatch(/us-east\s+79/)
    await page.mouse.move(0, 0)
    await page.keyboard.press('Tab')
    await chart.focus()
    await page.keyboard.press('End')
    const last = await chart.getAttribute('aria-valuetext')
    await page.keyboard.press('ArrowLeft')
    expect(await chart.getAttribute('aria-valuetext')).not.toBe(last)
    expect(Number(await chart.getAttribute('aria-valuenow'))).toBe(Number(await chart.getAttribute('aria-valuemax')) - 1)
    expect(await chart.locator('.tip').isVisible()).toBe(true)
    await page.keyboard.press('Escape')
    expect(await chart.locator('.tip').isVisible()).toBe(false)
    await page.close()
  })

  it('a dot tells which request it is', async () => {
    const { page } = await open({}, { width: 1280 })
    const chart = page.locator('.area[data-panel=moment]')
    await chart.focus()
    await page.keyboard.press('Home')
    expect(await chart.locator('.tip').innerText()).toContain('prober-europe-')
    await page.close()
  })

  it('events are filtered by kind, by time and by words', async () => {
    const { page } = await open({}, { width: 1280 })
    const shown = page.locator('.events li:visible')
    const before = await shown.count()
    expect(before).toBeGreaterThan(5)
    await page.locator('.chips input[name=health]').uncheck()
    expect(await shown.count()).toBe(before - 2)
    await page.locator('.filter [type=search]').fill('draining')
    expect(await shown.allInnerTexts()).toEqual([expect.stringContaining('region eu-west is draining')])
    expect(await page.locator('.filter output').innerText()).toMatch(/^1 of \d+ shown$/)
    await page.close()
  })

  it('without scripts it reads the same, less the filter', async () => {
    const { page, troubles } = await open({}, { width: 1280, scripts: false })
    expect(await page.locator('.badge').innerText()).toContain('PASS')
    expect(await page.locator('.events li:visible').count()).toBeGreaterThan(5)
    expect(await page.locator('.filter').isVisible()).toBe(false)
    expect(troubles).toEqual([])
    await page.close()
  })

  it('words have enough contrast in both schemes', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      const { page } = await open({ limits: ['a limit'], lost: [100, 600] }, { width: 1280, scheme })
      expect(await page.evaluate(lowContrast)).toEqual([])
      await page.close()
    }
  })
})
