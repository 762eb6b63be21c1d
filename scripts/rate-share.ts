// `--rate-share`, the same in every command that plays scenarios on sockets.

import { InvalidArgumentError } from 'commander'

/** For `command.option(...rateShareOption)`. */
export const rateShareOption = [
  '--rate-share <share>', 'offer this share of every load\'s rate, above 0 and at most 1: for a machine that is smaller than the drill', share, 1,
] as const

/** As it is typed again; nothing for the whole. */
export const rateShareFlags = (share: number): string[] => (share === 1 ? [] : [`--rate-share ${share}`])

function share(text: string): number {
  const value = Number(text)
  if (/^\d*\.?\d+$/.test(text) && value > 0 && value <= 1) return value
  throw new InvalidArgumentError(`expected a number above 0 and at most 1, found \`${text}\``)
}
