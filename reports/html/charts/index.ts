// The registry of charts, in the order of the page. A new chart is one file and one line here.

import type { Markup } from '../markup.ts'
import type { Page } from '../page.ts'
import { attemptsChart } from './attempts.ts'
import { failuresChart } from './failures.ts'
import { latencyChart } from './latency.ts'
import { machineChart } from './machine.ts'
import { momentChart } from './moment.ts'
import { trafficChart } from './traffic.ts'

export const charts: Record<string, (page: Page) => Markup> = {
  moment: momentChart,
  latency: latencyChart,
  failures: failuresChart,
  traffic: trafficChart,
  attempts: attemptsChart,
  machine: machineChart,
}
