// The substrate on real clusters: it passes the contract of all substrates, and leaves nothing in Docker. With one pod a
// service in a region and a cluster that starts in half a minute, everything takes longer than in processes.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { substrateContract } from '../../substrate.case.ts'
import { describeKind } from './kind.case.ts'
import { kindSubstrate } from './kind.ts'
import { kindCapabilities } from './faults.ts'
import { kernelMayLose, withoutLoss } from './netem.ts'
import { runLabel } from './manifests/region.ts'

const docker = (...args: string[]): string[] => execFileSync('docker', args, { encoding: 'utf8' }).split('\n').filter((line) => line !== '')

describeKind('clusters', ({ nodeImage }) => {
  // What the kernel cannot do is left out here as it is at every start; what is left out is named in the test's report.
  const capabilities = kernelMayLose() ? kindCapabilities : withoutLoss(kindCapabilities)
  substrateContract('kind', { ...kindSubstrate, capabilities: () => capabilities }, {
    startTimeoutMs: 300_000, tourTimeoutMs: 600_000, endTimeoutMs: 120_000, slowness: 4,
    options: { clusters: { ...(nodeImage === null ? {} : { nodeImage }) } },
    nothingLeft(runDir) {
      expect(existsSync(join(runDir, 'work'))).toBe(false)
      expect(docker('ps', '--all', '--quiet', '--filter', `label=${runLabel}`)).toEqual([])
      expect(docker('ps', '--all', '--format', '{{.Names}}').filter((name) => /^regatta-[0-9a-f]{6}-/.test(name))).toEqual([])
      expect(docker('network', 'ls', '--quiet', '--filter', `label=${runLabel}`)).toEqual([])
    },
  })
})
