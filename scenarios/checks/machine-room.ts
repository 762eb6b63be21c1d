// A crowded machine measures its own queue. Judged a phase apart, because an average over the run hides the
// seconds that matter.

import { phases } from '../../topologies/history.ts'
import { formatMs, formatUnit, mean, rounded } from '../judging/statistics.ts'
import type { Check } from '../verdict.ts'
import type { Rule } from './check.ts'

export const mostCpuShare = 0.7
const mostLoopLagMs = 100

const virtual: Check = {
  name: 'machine-room', group: 'validity', verdict: 'pass', objective: 'nothing of the machine enters the run', observed: null, unit: 'share',
  evidence: ['virtual time: it stands still while the machine is busy, so the machine is not sampled'],
}

export const machineRoom: Rule = {
  name: 'machine-room',
  group: 'validity',
  evaluate({ run, history, phases: windows }) {
    if (run.time === 'virtual') return [virtual]
    const samples = history.events.filter((event) => event.kind === 'machine').map((event) => ({
      phase: windows.find(({ fromUs, toUs }) => event.atUs >= fromUs && event.atUs < toUs)?.phase ?? null, ...event,
    })).filter(({ phase }) => phase !== null && phase !== 'warmup')
    const byPhase = phases.map((phase) => ({ phase, shares: samples.filter((sample) => sample.phase === phase).map(({ cpuShare }) => cpuShare) }))
      .filter(({ shares }) => shares.length > 0)
      .map(({ phase, shares }) => ({ phase, share: mean(shares), seconds: shares.length }))
    const worst = byPhase.toSorted((a, b) => b.share - a.share)[0]
    const lagMs = samples.reduce((most, { loopLagP99Ms }) => Math.max(most, loopLagP99Ms), 0)
    const room = worst !== undefined && worst.share < mostCpuShare && lagMs < mostLoopLagMs
    return [{
      name: 'machine-room', group: 'validity', verdict: room ? 'pass' : 'inconclusive',
      objective: `processor use < ${formatUnit(mostCpuShare, 'share')} in every phase, event-loop lag < ${formatMs(mostLoopLagMs)}`,
      observed: worst === undefined ? null : rounded(worst.share), unit: 'share',
      evidence: worst === undefined ? ['no sample of the machine outside the warm-up'] : [
        ...byPhase.map(({ phase, share, seconds }) => `${phase}: processor use ${formatUnit(share, 'share')} over ${seconds} samples`),
        `event-loop lag at most ${formatMs(lagMs)}`,
        ...(room ? [] : ['a machine that is too small for the drill can offer less of its load: --rate-share']),
      ],
    }]
  },
}
