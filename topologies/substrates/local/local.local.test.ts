// The local substrate under the contract of all substrates, with whichever fault proxy this machine has and with
// the embedded one; and that nothing of a run is left when it is over.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { substrateContract } from '../../substrate.case.ts'
import { localSubstrate } from './local.ts'
import { claims } from '../sockets/ownership.ts'

substrateContract('local', localSubstrate, {
  nothingLeft(runDir) {
    expect(claims().filter(({ owner }) => owner.pid === process.pid)).toEqual([])
    expect(existsSync(join(runDir, 'work'))).toBe(false)
  },
})
