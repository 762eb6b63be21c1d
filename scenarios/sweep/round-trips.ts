// The same topology nearer together or farther apart.

import { minimumRttMs } from '../../topologies/geography.ts'
import type { Subject } from './subject.ts'

/** Every link's round trip times `factor`; none becomes shorter than two places can be apart. */
export function withRoundTrips(subject: Subject, factor: number): Subject {
  const { topology } = subject
  const links = topology.links.map((link) => ({ ...link, rttMs: Math.max(minimumRttMs, link.rttMs * factor) }))
  return { ...subject, topology: { ...topology, links } }
}
