// Requests that went wrong, by what went wrong. Slow ones stand here too: to a client they are as bad.

import { slowMarginMs } from '../../../scenarios/judging/context.ts'
import { quantity } from '../../words.ts'
import type { Markup } from '../markup.ts'
import type { Page } from '../page.ts'
import { troubles } from '../series.ts'
import { stackedChart, type Kind } from './stacked.ts'

/** Worst at the bottom, where bars are easiest to compare. */
export const outcomeKinds: readonly Kind[] = [
  { name: 'timeout', label: 'timeout', tone: 'bad-1' },
  { name: '5xx', label: '5xx', tone: 'bad-2' },
  { name: 'no-healthy-target', label: 'no healthy target', tone: 'bad-3' },
  { name: 'reset', label: 'reset', tone: 'bad-4' },
  { name: 'refused', label: 'refused', tone: 'bad-5' },
  { name: 'closed', label: 'closed early', tone: 'bad-4' },
  { name: 'shed', label: 'shed', tone: 'bad-5' },
  { name: 'no-route', label: 'no route', tone: 'bad-3' },
  { name: 'client-error', label: 'client error', tone: 'bad-2' },
  { name: 'slow', label: 'slow', tone: 'slow' },
  { name: 'residency', label: 'refused, as residency demands', tone: 'calm-1' },
  { name: 'access-denied', label: 'refused by access policy', tone: 'calm-1' },
  { name: 'lost', label: 'never sent by the generator', tone: 'calm-2' },
]

export function failuresChart(page: Page): Markup {
  const width = quantity(page.slots.widthUs / 1e6, 's')
  return stackedChart(page, {
    id: 'failures', title: 'Failed and slow requests', height: 120, kinds: outcomeKinds,
    words: `Requests in each ${width} by outcome. Slow means more than ${slowMarginMs} ms over what is normal on the path.`,
    none: 'No request of load or prober failed, none was slow, in the whole run.',
    counts: troubles(page.context, page.slots), byPhase: troubles(page.context, page.phaseSlots), caption: 'Failed and slow requests by phase',
  })
}
