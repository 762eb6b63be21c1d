// A slow and obvious bookkeeper of one core: it knows what every request may do, watches each effect, and throws
// at the first that breaks a rule. It knows nothing of how the core decides; only what must never be.

import { expect } from 'vitest'
import { attemptReasons, Effect, failReasons, RequestFlag, type AttemptEnding, type CoreTopology, type RoutePlan, type RoutingCore } from './core.ts'
import type { HealthSettings } from '../snapshot/snapshot.ts'
import { mostSends } from './settings.ts'

export interface LiveAttempt { id: number; ticket: LiveTicket; target: string; service: string; waiting: boolean; /** a swap took its cell away */ detached: boolean }
export interface LiveTicket {
  id: number
  service: string
  allowed: Set<string>
  flags: number
  pin: string
  plan: RoutePlan
  attempts: Set<LiveAttempt>
  sends: number
  neverSent: number
  /** Some attempt may have reached a service. */
  processed: boolean
  accepted: LiveAttempt | null
  ended: number
}

export class Oracle {
  readonly core: RoutingCore
  readonly tickets = new Map<number, LiveTicket>()
  readonly attempts = new Map<number, LiveAttempt>()
  readonly all: LiveTicket[] = []
  topology: CoreTopology
  readonly probing = new Set<string>()
  private readonly health: HealthSettings
  private readonly requestTimes: number[] = []
  private readonly chargedTimes: number[] = []
  private readonly bursts: { atUs: number; count: number }[] = []
  private starting: LiveTicket | null = null
  private isFree = false
  private nowUs = 0

  constructor(core: RoutingCore, topology: CoreTopology, health: HealthSettings) {
    this.core = core
    this.topology = topology
    this.health = health
  }

  request(plan: RoutePlan, flags: number, random: number, pin: number, nowUs: number): void {
    this.nowUs = nowUs
    const { regions, services } = this.topology
    const ticket: LiveTicket = {
      id: -1, service: services[plan.services[0]].name, flags, plan, pin: regions[pin]?.name ?? '',
      allowed: new Set(regions.filter((_, region) => plan.regionMask & (1 << region)).map(({ name }) => name)),
      attempts: new Set(), sends: 0, neverSent: 0, processed: false, accepted: null, ended: 0,
    }
    this.all.push(ticket)
    if (!(flags & RequestFlag.Pinned)) this.requestTimes.push(nowUs)
    this.starting = ticket
    ticket.id = this.core.request(plan, flags, random, pin, nowUs)
    this.read()
    this.starting = null
    expect(ticket.ended).toBe(ticket.id === -1 ? 1 : 0)
  }

  head(attempt: LiveAttempt, status: number, fromGateway: boolean, nowUs: number): void {
    this.nowUs = nowUs
    attempt.waiting = false
    if (fromGateway) attempt.ticket.neverSent++
    else attempt.ticket.processed = true
    this.isFree = fromGateway
    this.core.head(attempt.id, status, fromGateway, nowUs)
    this.read()
    this.isFree = false
    if (this.attempts.has(attempt.id)) expect(attempt.ticket.accepted).toBe(attempt)
  }

  finished(attempt: LiveAttempt, ending: AttemptEnding, sent: boolean, nowUs: number): void {
    this.nowUs = nowUs
    const { ticket } = attempt
    this.attempts.delete(attempt.id)
    ticket.attempts.delete(attempt)
    if (ticket.accepted !== attempt) {
      if (sent) ticket.processed = true
      else ticket.neverSent++
    }
    this.isFree = !sent
    this.core.finished(attempt.id, ending, sent, nowUs)
    if (ticket.accepted === attempt) this.end(ticket)
    this.read()
    this.isFree = false
  }

  abandon(ticket: LiveTicket, nowUs: number): void {
    this.nowUs = nowUs
    this.core.abandoned(ticket.id, nowUs)
    this.read()
    this.end(ticket)
  }

  swap(topology: CoreTopology, nowUs: number): void {
    this.topology = topology
    for (const attempt of this.attempts.values()) attempt.detached ||= !this.offers(attempt.service, attempt.target)
    this.tell(() => this.core.swap(topology, this.health, nowUs), nowUs)
  }

  /** Any other event. */
  tell(run: () => void, nowUs: number): void {
    this.nowUs = nowUs
    run()
    this.read()
  }

  /** What both sides count must agree after every event. */
  compare(): void {
    this.topology.targets.forEach(({ key }, target) => {
      const waiting = [...this.attempts.values()].filter((attempt) => attempt.waiting && !attempt.detached && attempt.target === key)
      expect(this.core.outstanding(target)).toBe(waiting.length)
    })
    this.judgeBudget()
  }

  private offers(service: string, key: string): boolean {
    const { services, targets } = this.topology
    return services.some(({ name, targets: of }) => name === service && of.some((target) => targets[target].key === key))
  }

  /** Within a window: the share of its requests or the floor, plus what was in flight at each suspicion. */
  private judgeBudget(): void {
    const { budgetShare, budgetWindowMs, minPerSecond } = this.health.retry
    const sinceUs = this.nowUs - budgetWindowMs * 900
    const longerUs = this.nowUs - budgetWindowMs * 2100
    const charged = this.chargedTimes.filter((atUs) => atUs > sinceUs).length
    const requests = this.requestTimes.filter((atUs) => atUs > longerUs).length
    const burst = this.bursts.filter(({ atUs }) => atUs > longerUs).reduce((sum, { count }) => sum + count, 0)
    expect(charged).toBeLessThanOrEqual(Math.max((minPerSecond * budgetWindowMs) / 1000, budgetShare * requests) + burst)
  }

  private read(): void {
    const { effects } = this.core
    for (let at = 0; at < effects.length; at++) {
      const [kind, a, b, c, d] = effects.data.subarray(5 * at, 5 * at + 5)
      if (kind === Effect.Send) this.sent(a, b, c, d)
      else if (kind === Effect.Accept) this.accepted(a, b)
      else if (kind === Effect.Cancel) this.cancelled(a, b)
      else if (kind === Effect.Fail) this.failed(a, b)
      else if (kind === Effect.Probe) this.probing.add(this.topology.targets[a].key)
      else if (kind === Effect.TargetState) this.changed(a, b, c)
    }
    effects.length = 0
  }

  private sent(id: number, attemptId: number, target: number, reason: number): void {
    const ticket = this.starting ?? this.tickets.get(id)
    if (ticket === undefined) throw new Error('Send for a ticket that is not open')
    if (this.starting !== null) {
      ticket.id = id
      expect(this.tickets.has(id)).toBe(false)
      this.tickets.set(id, ticket)
    }
    expect(ticket.id).toBe(id)
    expect(ticket.ended).toBe(0)
    expect(ticket.accepted).toBe(null)
    expect(this.attempts.has(attemptId)).toBe(false)
    const { key, region, kind } = this.topology.targets[target]
    expect(ticket.allowed.has(this.topology.regions[region].name)).toBe(true)
    expect(this.offers(ticket.service, key)).toBe(true)
    if (ticket.flags & RequestFlag.LocalOnly) expect([kind, region]).toEqual(['endpoint', this.topology.ownRegion])
    if (ticket.flags & RequestFlag.Pinned) expect(this.topology.regions[region].name).toBe(ticket.pin)
    this.judgeAgain(ticket, reason)
    const attempt = { id: attemptId, ticket, target: key, service: ticket.service, waiting: true, detached: false }
    this.attempts.set(attemptId, attempt)
    ticket.attempts.add(attempt)
    ticket.sends++
  }

  private judgeAgain(ticket: LiveTicket, reason: number): void {
    expect(attemptReasons[reason]).toBe(ticket.flags & RequestFlag.Pinned ? 'pinned' : ticket.sends === 0 ? 'first' : attemptReasons[reason])
    if (ticket.sends === 0) return
    expect(['retry', 'hedge']).toContain(attemptReasons[reason])
    expect(ticket.plan.failover).toBe(true)
    expect(ticket.sends).toBeLessThan(mostSends)
    expect(ticket.sends - ticket.neverSent).toBeLessThan(ticket.plan.maxAttempts)
    if (!(ticket.flags & RequestFlag.Eligible)) {
      expect(ticket.processed).toBe(false)
      expect(this.isFree).toBe(true)
    }
    if (!this.isFree) this.chargedTimes.push(this.nowUs)
  }

  private accepted(id: number, attemptId: number): void {
    const ticket = this.open(id)
    const attempt = this.attempts.get(attemptId)
    expect(attempt?.ticket).toBe(ticket)
    expect(ticket.accepted).toBe(null)
    ticket.accepted = attempt as LiveAttempt
  }

  private cancelled(id: number, attemptId: number): void {
    const ticket = this.open(id)
    const attempt = this.attempts.get(attemptId)
    if (attempt?.ticket !== ticket) throw new Error('Cancel of an attempt that is not out')
    // Whoever is cancelled unanswered may have been processed.
    if (attempt.waiting) ticket.processed = true
    ticket.attempts.delete(attempt)
    this.attempts.delete(attemptId)
  }

  private failed(id: number, reason: number): void {
    const ticket = id === -1 ? this.starting : this.open(id)
    if (ticket === null) throw new Error('Fail for nobody')
    expect(ticket.accepted).toBe(null)
    const reasonName = failReasons[reason]
    if (reasonName === 'residency') expect(ticket.sends).toBe(0)
    if (reasonName === 'no-healthy-target') expect(ticket.processed).toBe(false)
    this.end(ticket)
  }

  private changed(target: number, service: number, states: number): void {
    if (states >> 4 === 1 || (states & 15) === 0) return
    const key = this.topology.targets[target].key
    const name = service === -1 ? null : this.topology.services[service].name
    // The head or ending of this very event is not out any more for the core, or is about to be: one more is allowed.
    const count = [...this.attempts.values()].filter((attempt) => attempt.target === key && (name === null || attempt.service === name)).length + 1
    this.bursts.push({ atUs: this.nowUs, count })
  }

  private open(id: number): LiveTicket {
    const ticket = this.tickets.get(id)
    if (ticket === undefined) throw new Error(`an effect names ticket ${id}, which is not open`)
    return ticket
  }

  private end(ticket: LiveTicket): void {
    ticket.ended++
    expect(ticket.ended).toBe(1)
    expect(ticket.attempts.size).toBe(0)
    this.tickets.delete(ticket.id)
  }
}
