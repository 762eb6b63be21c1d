// What failover costs: attempts beyond the first, as gateways made them.

import { quantity } from '../../words.ts'
import type { Markup } from '../markup.ts'
import type { Page } from '../page.ts'
import { extraAttempts } from '../series.ts'
import { stackedChart } from './stacked.ts'

export function attemptsChart(page: Page): Markup {
  return stackedChart(page, {
    id: 'attempts', title: 'Extra attempts', height: 110,
    kinds: [{ name: 'hedge', label: 'hedges', tone: 'calm-1' }, { name: 'retry', label: 'retries', tone: 'calm-2' }],
    words: `Attempts beyond the first in each ${quantity(page.slots.widthUs / 1e6, 's')}. A hedge is sent while the first still waits, a retry after it failed.`,
    none: 'Gateways made no attempt beyond the first.',
    counts: extraAttempts(page.context, page.slots), byPhase: extraAttempts(page.context, page.phaseSlots), caption: 'Extra attempts by phase',
  })
}
