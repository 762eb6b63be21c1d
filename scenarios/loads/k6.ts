// Load from k6: a suite written by hand (`suites/NAME.ts`), or one rendered from the block's mix. The rendered
// text carries the whole load, so that the file in a run's folder says by itself what was sent.

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { nearest } from '../../gateway/config/shape.ts'
import type { LoadSpec } from '../../topologies/substrate.ts'
import { scenarioError } from '../errors.ts'
import type { LoadKind } from './load.ts'
import { streamsOf } from './streams.ts'

const suitesDir = join(import.meta.dirname, '..', 'suites')
const library = join(suitesDir, 'lib', 'regatta.ts')

export const k6: LoadKind = {
  kind: 'k6',
  description: 'k6: constant arrivals of the templates in `mix`, or a hand-written suite',
  plan(block, context) {
    if (block.arrivals !== 'constant') {
      throw scenarioError('RGT_LOAD_KIND', `load ${block.name} asks k6 for ${block.arrivals} arrivals, and k6 plays constant ones only`, {
        expected: 'arrivals: constant, or kind: open-loop', found: `arrivals: ${block.arrivals}`,
      })
    }
    if (block.maxInFlight !== undefined) {
      throw scenarioError('RGT_LOAD_KIND', `load ${block.name} bounds what k6 has out, and k6 has bounds of its own`, {
        expected: 'no maxInFlight, or kind: open-loop', found: `maxInFlight: ${block.maxInFlight}`,
      })
    }
    if (block.season !== undefined) {
      throw scenarioError('RGT_LOAD_KIND', `load ${block.name} has a season, and k6 plays an even rate only`, {
        expected: 'no season, or kind: open-loop', found: 'season',
      })
    }
    const load: LoadSpec = { name: block.name, source: 'load', engine: 'k6', streams: streamsOf(block, context), ...context.window }
    return block.suite === null ? load : { ...load, suite: suitePath(block.suite) }
  },
}

/** Names of the hand-written suites. */
export function suiteNames(): string[] {
  return readdirSync(suitesDir).filter((name) => name.endsWith('.ts')).map((name) => basename(name, '.ts')).sort()
}

function suitePath(name: string): string {
  const path = join(suitesDir, `${name}.ts`)
  if (/^[\w-]+$/.test(name) && existsSync(path)) return path
  const names = suiteNames()
  const near = nearest(name, names)
  throw scenarioError('RGT_SCENARIO_REFERENCE', `there is no k6 suite \`${name}\``, {
    expected: `one of ${names.join(', ')}`, found: name, ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  })
}

/**
 * The text of a k6 TypeScript suite that plays the load. Addresses and the token come by environment (see
 * `suites/lib/regatta.ts`), never in the text. `libraryPath`: what the suite imports, absolute or relative to it.
 */
export function renderSuite(load: LoadSpec, libraryPath: string = library): string {
  return `// Rendered by Regatta from load \`${load.name}\`. Start it with \`regatta run\`, which gives it addresses and a token.

import type { LoadSpec } from ${JSON.stringify(libraryPath)}
import { iterate, optionsFor, scenariosOf, waitForExactStart } from ${JSON.stringify(libraryPath)}

const load: LoadSpec = ${JSON.stringify(load, null, 2)}

export const options = optionsFor(scenariosOf(load))
export const setup = waitForExactStart
export default function (): void {
  iterate(load)
}
`
}

/** Writes `NAME.k6.ts` into the folder for a k6 load without a suite of its own; gives the load with its path. */
export function withSuite(load: LoadSpec, folder: string): LoadSpec {
  if (load.engine !== 'k6' || load.suite !== undefined) return load
  mkdirSync(folder, { recursive: true })
  const suite = join(folder, `${load.name}.k6.ts`)
  writeFileSync(suite, renderSuite(load))
  return { ...load, suite }
}
