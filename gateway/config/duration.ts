// Durations as people write them (`90ms`, `1m30s`) and as the program holds them: whole microseconds.

import { z } from 'zod'

const units = { us: 1, ms: 1_000, s: 1_000_000, m: 60_000_000, h: 3_600_000_000 } as const
type Unit = keyof typeof units

const durationPattern = /^(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+$/
const partPattern = /(\d+(?:\.\d+)?)(us|ms|s|m|h)/g

/** Microseconds of '250us', '90ms', '5s', '1.5m', '2h' or a run of them ('1m30s'); '0s' is 0. Throws RangeError. */
export function parseDurationUs(text: string): number {
  const us = durationPattern.test(text)
    ? [...text.matchAll(partPattern)].reduce((sum, [, amount, unit]) => sum + Number(amount) * units[unit as Unit], 0)
    : Number.NaN
  const whole = Math.round(us)
  if (!Number.isSafeInteger(whole)) {
    throw new RangeError(`not a duration: ${JSON.stringify(text)} (write 250us, 90ms, 5s, 1.5m, 1m30s or 2h)`)
  }
  return whole
}

/** The shortest run of units that reads back to the same value; 0 is '0s'. Fractions of a microsecond are rounded. */
export function formatDuration(us: number): string {
  let left = Math.round(Math.abs(us))
  if (left === 0) return '0s'
  let text = us < 0 ? '-' : ''
  for (const unit of ['h', 'm', 's', 'ms', 'us'] as const) {
    const amount = Math.floor(left / units[unit])
    left -= amount * units[unit]
    if (amount > 0) text += `${amount}${unit}`
  }
  return text
}

/** A string in the file, microseconds after parsing. JSON Schema (`io: 'input'`) shows the string with its pattern. */
export const durationUs = z
  .string()
  .regex(durationPattern, 'a duration such as 250us, 90ms, 5s, 1.5m, 1m30s or 2h')
  .transform((text, context) => {
    const us = durationPattern.test(text) ? readOrNaN(text) : Number.NaN
    if (!Number.isNaN(us)) return us
    context.addIssue({ code: 'custom', message: 'is too long a duration', params: { expected: 'less than 285 years' } })
    return z.NEVER
  })
  .meta({ description: 'A duration: 250us, 90ms, 5s, 1.5m, 1m30s or 2h.', examples: ['90ms', '5s', '1m30s'] })

function readOrNaN(text: string): number {
  try {
    return parseDurationUs(text)
  } catch {
    return Number.NaN
  }
}
