// Counts over a sliding window, in buckets of equal width on one typed array: bounded memory, one addition a report, and no
// clock of its own. Time is the caller's monotonic microseconds.

export interface Window {
  add(channel: number, amount: number, nowUs: number): void
  /** What was added in the last `spanUs`, rounded up to whole buckets: what is older by a bucket or more never counts. */
  sum(channel: number, spanUs: number, nowUs: number): number
  /** Nothing that it could still tell of. */
  empty(nowUs: number): boolean
}

export interface WindowSettings {
  /** Longest span that is asked for. */
  spanUs: number
  /** Buckets that the shortest span is divided into; each is at least a second wide, as reports come each second. */
  shortestUs: number
  channels: number
}

const secondUs = 1_000_000
/** A short window that is a twelfth too long is still the window that was meant: of five minutes, 25 seconds. */
const bucketsInShortest = 12

export function bucketUs({ shortestUs }: Pick<WindowSettings, 'shortestUs'>): number {
  return Math.max(secondUs, Math.ceil(shortestUs / bucketsInShortest))
}

export function createWindow(settings: WindowSettings): Window {
  const width = bucketUs(settings)
  const size = Math.ceil(settings.spanUs / width) + 1
  const { channels } = settings
  const counts = new Float64Array(size * channels)
  let newest = -1

  /** Buckets that time has passed over begin again at nought. */
  function advance(nowUs: number): number {
    const bucket = Math.floor(nowUs / width)
    if (newest < 0) newest = bucket
    if (bucket - newest >= size) counts.fill(0)
    else for (let next = newest + 1; next <= bucket; next++) counts.fill(0, (next % size) * channels, (next % size + 1) * channels)
    if (bucket > newest) newest = bucket
    return newest
  }

  return {
    add(channel, amount, nowUs) {
      counts[(advance(nowUs) % size) * channels + channel] += amount
    },
    sum(channel, spanUs, nowUs) {
      const last = advance(nowUs)
      const buckets = Math.min(size, Math.ceil(spanUs / width) + 1)
      let total = 0
      for (let bucket = Math.max(0, last - buckets + 1); bucket <= last; bucket++) total += counts[(bucket % size) * channels + channel]
      return total
    },
    empty: (nowUs) => newest < 0 || Math.floor(nowUs / width) - newest >= size,
  }
}
