// What the drill does and why, in the words of its author.

import { h, type Markup } from '../markup.ts'
import type { Page } from '../page.ts'

/** Catalogue descriptions speak in these parts; others are shown as they are. */
const parts = ['What happens', 'What must hold', 'Why']

export function drill({ run }: Page): Markup {
  const text = run.plan.scenario.description.replaceAll(/\s+/g, ' ').trim()
  if (text === '') return h``
  const found = [...text.matchAll(new RegExp(`(${parts.join('|')}): (.*?)(?= (?:${parts.join('|')}): |$)`, 'g'))]
  return h`<section class="drill" aria-label="The drill">${found.length === 0
    ? h`<p>${text}</p>`
    : found.map(([, name, words]) => h`<div><h2>${name}</h2><p>${sentence(words)}</p></div>`)}</section>`
}

/** Begins with a capital, unless it begins with a name: `eu-west` stays what it is called. */
function sentence(words: string): string {
  return /^[a-z]+\b(?!-)/.test(words) ? words.charAt(0).toUpperCase() + words.slice(1) : words
}
