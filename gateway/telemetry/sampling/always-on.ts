// Every trace is kept.

import { fixed } from './fixed.ts'

export const alwaysOn = fixed(() => 1)
