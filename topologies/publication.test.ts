// Publishing, with planes that are objects and a clock that is a list: who is given what, how often, and what is told,
// whatever is lost on the way there or on the way back.

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ConfigChange, ConfigDocument, WholeConfig } from '../gateway/controlplane/protocol.ts'
import { openPublication, publishAgainMs, publishPatienceMs, type Heard, type PlaneReply, type PublicationNote } from './publication.ts'

const document = (name: string, spec = 'fine'): ConfigDocument => ({ apiVersion: 'v1', kind: 'HTTPRoute', metadata: { name }, spec })
const put = (revision: number, ...names: string[]): ConfigChange => ({ revision, put: names.map((name) => document(name)), remove: [] })

/** What happens to what is sent: it arrives and is answered, arrives unanswered, or neither. */
type Line = 'open' | 'deaf' | 'dead'

/** A plane as its publisher sees it: follows revisions, refuses documents that are bad. */
class FakePlane {
  line: Line = 'open'
  revision = 0
  documents = new Map<string, ConfigDocument>()
  last: unknown = null
  readonly asked: string[] = []

  take(asked: ConfigChange | WholeConfig): PlaneReply {
    const whole = 'documents' in asked
    this.asked.push(`${whole ? 'whole' : 'change'} ${asked.revision}`)
    if (asked.revision === this.revision && asked === this.last) return { kind: 'accepted' }
    if (whole ? asked.revision <= this.revision : asked.revision !== this.revision + 1) return { kind: 'gap', held: this.revision, status: 409, body: 'gap' }
    const documents = whole ? asked.documents : asked.put
    if (documents.some(({ spec }) => spec === 'bad')) return { kind: 'refused', status: 422, body: 'bad' }
    const held = new Map(whole ? [] : this.documents)
    if (!whole) for (const { name } of asked.remove) held.delete(name)
    for (const one of documents) held.set(one.metadata.name, one)
    this.documents = held
    this.revision = asked.revision
    this.last = asked
    return { kind: 'accepted' }
  }

  /** From its journal, which remembers what it held and not how it was sent. */
  restart(): void {
    this.line = 'open'
    this.last = null
  }
}

function stage() {
  const planes = new Map(['east', 'west'].map((region) => [region, new FakePlane()]))
  const notes: PublicationNote[] = []
  const heard: (string | null)[] = []
  let timers: { atMs: number; run(): void }[] = []
  let nowMs = 0
  const after = (delayMs: number, run: () => void): (() => void) => {
    const timer = { atMs: nowMs + delayMs, run }
    timers.push(timer)
    return () => { timers = timers.filter((one) => one !== timer) }
  }
  const publication = openPublication({
    regions: [...planes.keys()], scheduler: { after }, tell: (note) => notes.push(note),
    send(region, asked, replied) {
      const plane = planes.get(region)!
      if (plane.line === 'dead') return replied({ kind: 'silent', reason: 'dead' })
      const reply = plane.take(asked)
      if (plane.line === 'open') replied(reply)
      else after(publishPatienceMs, () => replied({ kind: 'silent', reason: 'no answer' }))
    },
  })
  const hear: Heard = (refusal) => heard.push(refusal === null ? null : `${refusal.code} ${refusal.details.found}`)
  return {
    east: planes.get('east')!, west: planes.get('west')!, planes, notes, heard, publication,
    get timers() { return timers.length },
    publish: (change: ConfigChange) => publication.publish(change, hear),
    pass(forMs: number) {
      const untilMs = nowMs + forMs
      for (let next = due(untilMs); next !== undefined; next = due(untilMs)) {
        timers = timers.filter((one) => one !== next)
        nowMs = next.atMs
        next.run()
      }
      nowMs = untilMs
    },
    published: (region: string) => notes.flatMap((note) => (note.kind === 'config-published' && note.region === region ? [note.revision] : [])),
    texts: () => notes.flatMap((note) => (note.kind === 'tool' ? [`${note.tool}: ${note.text}`] : [])),
  }

  function due(untilMs: number) {
    return timers.filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs).at(0)
  }
}

test('what every plane accepts is told of each, and nothing is left to do', () => {
  const world = stage()
  world.publish(put(1, 'a', 'b'))
  expect(world.heard).toEqual([null, null])
  expect(world.notes).toEqual(['east', 'west'].map((region) => ({ kind: 'config-published', revision: 1, region, documents: 2 })))
  expect(world.timers).toBe(0)
})

test('a dead plane is asked every second, told of as undelivered once, and told of as published when it is back', () => {
  const world = stage()
  world.east.line = 'dead'
  world.publish(put(1, 'a'))
  expect(world.heard).toEqual([null, null])
  world.pass(10 * publishAgainMs)
  expect(world.texts()).toEqual(['publisher/east: revision 1 not delivered: dead'])
  world.east.line = 'open'
  world.pass(publishAgainMs)
  expect([world.published('east'), world.east.asked, world.timers]).toEqual([[1], ['change 1'], 0])
})

test('a plane that missed several changes is given the whole of the newest', () => {
  const world = stage()
  world.publish(put(1, 'a', 'b'))
  world.east.line = 'dead'
  world.publish({ revision: 2, put: [document('c')], remove: [{ kind: 'HTTPRoute', namespace: 'default', name: 'a' }] })
  world.publish(put(3, 'd'))
  world.east.line = 'open'
  world.pass(publishAgainMs)
  expect(world.east.asked).toEqual(['change 1', 'change 3', 'whole 3'])
  expect([...world.east.documents.keys()]).toEqual(['b', 'c', 'd'])
  expect(world.published('east')).toEqual([1, 3])
})

test.for(['open', 'restarted'])('a plane that took what it never answered is found to hold it (%s)', (how) => {
  const world = stage()
  world.east.line = 'deaf'
  world.publish(put(1, 'a'))
  world.pass(publishPatienceMs)
  expect([world.east.revision, world.published('east')]).toEqual([1, []])
  if (how === 'open') world.east.line = 'open'
  else world.east.restart()
  world.pass(publishAgainMs)
  expect([world.east.asked, world.published('east'), world.timers]).toEqual([['change 1', 'change 1'], [1], 0])
})

test('a plane that comes back with less than it held is given it again, and that is told once', () => {
  const world = stage()
  for (const revision of [1, 2, 3]) world.publish(put(revision, `r${revision}`))
  world.east.restart()
  world.east.revision = 1
  world.east.documents.delete('r2')
  world.east.documents.delete('r3')
  world.publication.restarted('east')
  world.publication.restarted('west')
  world.publication.restarted('nowhere')
  world.pass(publishAgainMs)
  expect([world.east.revision, [...world.east.documents.keys()]]).toEqual([3, ['r1', 'r2', 'r3']])
  expect([world.published('east'), world.west.asked.at(-1), world.timers]).toEqual([[1, 2, 3], 'change 3', 0])
})

test('a refusal is heard, and what was refused is neither sent again nor part of what comes next', () => {
  const world = stage()
  world.publish(put(1, 'a'))
  world.east.line = 'dead'
  world.publish({ revision: 2, put: [document('worse', 'bad')], remove: [] })
  expect(world.heard.slice(2)).toEqual([null, 'RGT_UNSUPPORTED 422 bad'])
  world.east.line = 'open'
  world.pass(10 * publishAgainMs)
  expect([world.east.asked, world.timers]).toEqual([['change 1'], 0])
  world.publish(put(2, 'b'))
  expect([...world.planes.values()].map(({ documents }) => [...documents.keys()])).toEqual([['a', 'b'], ['a', 'b']])
})

test('after a refusal a dead plane is given what was in force before', () => {
  const world = stage()
  world.east.line = 'dead'
  world.publish(put(1, 'a'))
  world.publish({ revision: 2, put: [document('worse', 'bad')], remove: [] })
  world.east.line = 'open'
  world.pass(publishAgainMs)
  expect([world.east.asked, world.published('east')]).toEqual([['change 1'], [1]])
})

test('what is refused when it is sent again is told, and not sent a third time', () => {
  const world = stage()
  world.publish(put(1, 'a'))
  for (const plane of world.planes.values()) plane.line = 'dead'
  world.publish({ revision: 2, put: [document('worse', 'bad')], remove: [] })
  for (const plane of world.planes.values()) plane.line = 'open'
  world.pass(10 * publishAgainMs)
  expect(world.east.asked).toEqual(['change 1', 'change 2'])
  expect(world.texts()).toContain('publisher/east: revision 2 refused when it was sent again: 422 bad')
  expect(world.timers).toBe(0)
})

test('closed, it sends and tells nothing more, and who waits hears that', () => {
  const world = stage()
  world.east.line = 'dead'
  world.west.line = 'deaf'
  world.publish(put(1, 'a'))
  expect(world.heard).toEqual([null])
  world.publication.close()
  const told = world.notes.length
  world.pass(10 * publishPatienceMs)
  expect([world.heard, world.notes.length, world.timers, world.east.asked]).toEqual([[null, null], told, 0, []])
})

test('whatever is lost, every plane that answers again holds what was published last, and is told of in order', () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('publish' as const) }),
    fc.record({ do: fc.constant('line' as const), region: fc.constantFrom('east', 'west'), line: fc.constantFrom<Line>('open', 'deaf', 'dead') }),
    fc.record({ do: fc.constant('restart' as const), region: fc.constantFrom('east', 'west') }),
    fc.record({ do: fc.constant('pass' as const), ms: fc.nat({ max: 8000 }) }),
  )
  let again = 0
  fc.assert(fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
    const world = stage()
    let revision = 0
    for (const one of steps) {
      if (one.do === 'publish') world.publish(put(++revision, `r${revision % 5}`, `r${revision}`))
      else if (one.do === 'line') world.planes.get(one.region)!.line = one.line
      else if (one.do === 'pass') world.pass(one.ms)
      else {
        world.planes.get(one.region)!.restart()
        world.publication.restarted(one.region)
      }
    }
    for (const plane of world.planes.values()) plane.line = 'open'
    // What is out may yet be waited for.
    world.pass(publishPatienceMs + publishAgainMs)
    const [east, west] = world.planes.values()
    expect([east.revision, west.revision, world.timers]).toEqual([revision, revision, 0])
    expect([...east.documents.keys()].sort()).toEqual([...west.documents.keys()].sort())
    for (const region of world.planes.keys()) {
      const told = world.published(region)
      expect(told).toEqual([...new Set(told)].sort((a, b) => a - b))
      if (revision > 0) expect(told.at(-1)).toBe(revision)
    }
    expect(new Set(world.texts()).size).toBe(world.texts().length)
    expect(world.heard).toEqual(Array.from({ length: 2 * revision }, () => null))
    again += world.texts().length
  }), { numRuns: 500 })
  // The property says nothing when nothing was ever lost.
  expect(again).toBeGreaterThan(100)
})
