// A page without scripts in one file: no network, readable in light, dark and print. What is special about it is its
// style sheets and what lies between head and foot.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { whenUtc } from '../words.ts'
import { h, Markup } from './markup.ts'

export interface StaticPage {
  title: string
  /** Style sheets beside page.css, paths from this folder. */
  styles: readonly string[]
  header: Markup
  main: Markup
  regatta: string
  /** ISO 8601. */
  madeAt: string
}

/** Pure but for the style sheets. */
export function staticPage({ title, styles, header, main, regatta, madeAt }: StaticPage): string {
  const style = ['page.css', ...styles].map((name) => readFileSync(join(import.meta.dirname, name), 'utf8')).join('\n')
  return h`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer"><link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(style)}</style></head>
<body><a class="skip" href="#main">Skip to the report</a>
${header}
<main id="main">${main}</main>
<footer><p>Made by Regatta ${regatta}, ${whenUtc(madeAt)}.</p></footer></body></html>
`.text
}
