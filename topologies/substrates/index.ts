// The registry of substrates: where a scenario can run.

import { topologyError } from '../errors.ts'
import type { Substrate } from '../substrate.ts'
import { kindSubstrate } from './kind/kind.ts'
import { localSubstrate } from './local/local.ts'
import { simulatedSubstrate } from './simulated/simulated.ts'

export const substrates: Record<string, Substrate> = {
  local: localSubstrate,
  simulated: simulatedSubstrate,
  kind: kindSubstrate,
}

export const substrateKinds = Object.keys(substrates)

export function findSubstrate(kind: string): Substrate {
  const found = substrates[kind]
  if (found === undefined) {
    throw topologyError('RGT_SUBSTRATE_UNKNOWN', `there is no substrate \`${kind}\``, { expected: `one of ${substrateKinds.join(', ')}`, found: kind })
  }
  return found
}
