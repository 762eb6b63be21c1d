// The page in a real browser: it fits wide and narrow, loads nothing, complains of nothing, and can be read by every eye.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Comparison } from '../../scenarios/compare/document.ts'
import { executablePath, launchArguments, lowContrast } from '../html/browser.case.ts'
import { nasty } from '../verdict.case.ts'
import { writeComparison } from './index.ts'
import { comparisonCase } from './report.case.ts'

describe.skipIf(executablePath === undefined)(executablePath === undefined ? 'the comparison in a browser (skipped: no Chromium or Chrome on this machine)' : 'the comparison in a browser', { timeout: 60_000 }, () => {
  let browser: Browser
  const dir = mkdtempSync(join(tmpdir(), 'regatta-compare-'))
  const document = comparisonCase()
  beforeAll(async () => { browser = await chromium.launch({ executablePath, args: launchArguments }) })
  afterAll(async () => {
    await browser.close()
    rmSync(dir, { recursive: true, force: true })
  })

  async function troublesOf(width: number, colorScheme: 'light' | 'dark', shown: Comparison): Promise<unknown[]> {
    const folder = join(dir, `${width}-${colorScheme}`)
    mkdirSync(folder, { recursive: true })
    const { html } = writeComparison(folder, shown)
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme })
    const troubles: unknown[] = []
    page.on('console', (message) => troubles.push(`console ${message.text()}`))
    page.on('dialog', (dialog) => { troubles.push('dialog'); void dialog.dismiss() })
    page.on('request', (request) => { if (request.url() !== pathToFileURL(html).href && !request.url().startsWith('data:')) troubles.push(`request ${request.url()}`) })
    await page.goto(pathToFileURL(html).href)
    await page.locator('details').evaluateAll('all => all.forEach((one) => { one.open = true })' as never)
    const overflow = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
    if (overflow !== 0) troubles.push(`overflow ${overflow}`)
    // Words of the ruler must not lie on one another.
    troubles.push(...await page.evaluate(`(() => {
      const boxes = [...document.querySelectorAll('.dots .ruler i')].map((one) => ({ text: one.textContent, box: one.getBoundingClientRect() }))
      return boxes.flatMap(({ text, box }, index) => boxes.slice(index + 1).filter((other) => box.left < other.box.right && other.box.left < box.right).map((other) => text + ' lies on ' + other.text))
    })()`) as string[])
    troubles.push(...await page.evaluate(lowContrast) as string[])
    await page.close()
    return troubles
  }

  for (const width of [1280, 390]) {
    for (const scheme of ['light', 'dark'] as const) {
      it(`fits ${width} pixels, ${scheme}, with enough contrast, without a request`, async () => {
        expect(await troublesOf(width, scheme, document)).toEqual([])
      })
    }
  }

  it('hostile names run nothing and push nothing over the edge', async () => {
    const variants = document.variants.map((variant) => ({ ...variant, name: `${variant.name}${nasty}` }))
    expect(await troublesOf(390, 'light', { ...document, scenario: nasty, summary: nasty, command: nasty, variants })).toEqual([])
  })
})
