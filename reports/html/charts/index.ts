// The registry of charts, in the order of the page. A new chart is one file and one line here.

import type { Markup } from '../markup.ts'
import type { Page } from '../page.ts'
import { attemptsChart } from './attempts.ts'
import { failuresChart } from './failures.ts'
import { latencyChart } from './latency.ts'
import { machineChart } from './machine.ts'
import { momentChart } from './moment.ts'
import { trafficChart } from './traffic.ts'

export const charts: { draw(page: Page): Markup; /** two of these in a row share the width */ half?: true }[] = [
  { draw: momentChart },
  { draw: latencyChart },
  { draw: failuresChart },
  { draw: trafficChart },
  { draw: attemptsChart, half: true },
  { draw: machineChart, half: true },
]
