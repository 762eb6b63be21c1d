// A substrate in virtual time that plays nothing: it breaks its invariants when certain faults are in force together,
// so that a search over it has a known answer. It is also the program of a worker.

import { isMainThread } from 'node:worker_threads'
import { primitiveKinds, type Capabilities, type Primitive } from '../../topologies/primitives.ts'
import type { Inventory, StartRequest, Step, Substrate } from '../../topologies/substrate.ts'
import { deriveSeed } from '../../topologies/arrivals.ts'
import { serveTrials } from './serve-trials.ts'

const capabilities = Object.fromEntries(primitiveKinds.map((kind) => [kind, { supported: kind !== 'skew', how: 'fake', symptom: 'none' }])) as Capabilities
type Timed = { atUs: number; step: Step }

/**
 * residency: links of ap-south are cut while the control plane of us-east is dead. retry-budget: the services of us-east
 * are degraded for half a second. A throw without a code: us-east is dead while ap-south is cut off.
 */
export const fakeSubstrate: Substrate = {
  kind: 'fake', description: 'for tests of the search', time: 'virtual', unmeasured: {}, capabilities: () => capabilities,
  async start({ seed, history, options }: StartRequest) {
    const steps: Timed[] = []
    const inventory: Inventory = { tools: {}, stagesMs: {}, entries: {}, admin: {}, clock: { id: 'virtual', offsetUs: 0, uncertaintyUs: 0 } }
    return {
      kind: 'fake', capabilities, inventory,
      at: (atUs, step) => void steps.push({ atUs, step }),
      drive() {},
      async run(untilUs) {
        const hash = deriveSeed(seed, JSON.stringify([steps, options.simulation?.plant ?? []])).toString(16).padStart(16, '0')
        inventory.trace = { hash, events: steps.length, requests: seed % 100, virtualUs: untilUs, wallMs: 1 }
        const tell = (invariant: string, atUs: number): void =>
          history.event({ atUs, source: 'run', kind: 'invariant-violated', invariant, text: `${invariant} at ${atUs}` })
        for (const at of steps.map(({ atUs }) => atUs)) {
          const now = inForce(steps, at)
          if (now.some(cuts('ap-south')) && now.some(stops('control-plane', 'us-east'))) tell('residency', at)
          if (now.some(stops('gateway', 'us-east')) && now.some(cuts('ap-south'))) throw new TypeError('nobody is left')
          if (now.some(degrades('us-east')) && inForce(steps, at + 500_000).some(degrades('us-east'))) tell('retry-budget', at)
        }
      },
      async heal() {},
      async [Symbol.asyncDispose]() {},
    }
  },
}

function inForce(steps: readonly Timed[], atUs: number): Primitive[] {
  const open = new Map<string, Primitive>()
  for (const { atUs: when, step } of steps) {
    if (when > atUs || (step.kind !== 'apply' && step.kind !== 'heal')) continue
    if (step.kind === 'apply') open.set(`${step.fault}#${step.index}`, step.primitive)
    else open.delete(`${step.fault}#${step.index}`)
  }
  return [...open.values()]
}

const cuts = (region: string) => (primitive: Primitive): boolean =>
  (primitive.kind === 'isolate' && primitive.regions.includes(region))
  || (primitive.kind === 'cut' && primitive.on.some(({ from, to }) => from === `region:${region}` || to === `region:${region}`))
const stops = (part: string, region: string) => (primitive: Primitive): boolean =>
  primitive.kind === 'stop' && primitive.at.some((place) => place.region === region && place.parts.some((name) => name === part))
const degrades = (region: string) => (primitive: Primitive): boolean => primitive.kind === 'degrade' && primitive.at.some((place) => place.region === region)

if (!isMainThread) serveTrials(fakeSubstrate)
