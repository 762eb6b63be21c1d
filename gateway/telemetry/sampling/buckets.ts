// Durations in buckets of a quarter of an octave, without a logarithm: the position of the highest bit and the two bits below
// it, as HDR histograms do. A bucket is between 14 and 25 % wide.

/** From 4 µs, all that is less with it, to 2^31 µs. */
export const bucketCount = 29 * 4

/** Whole part of a duration in microseconds → 0 to `bucketCount` − 1. */
export function bucketOf(durationUs: number): number {
  const us = durationUs < 4 ? 4 : durationUs >= 0x7fff_ffff ? 0x7fff_ffff : durationUs | 0
  const octave = 31 - Math.clz32(us)
  return (octave - 2) * 4 + ((us >>> (octave - 2)) & 3)
}

/** Where slow begins when the 95th percentile lies in the bucket before `bucket`: one bucket further. */
export function slowFrom(bucket: number): number {
  return Math.min(bucketCount, bucket + 1)
}
