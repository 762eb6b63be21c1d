// What the processes of a run on this machine are started from, and the world that they see.

import { dirname, join } from 'node:path'
import { bundlePrograms, projectRoot, type Program } from './bundle.ts'
import { claims, ownerLives, type Claim } from './ownership.ts'

/** The child's world: nothing of the parent's but the way to find programs, so that runs are alike. */
export function childEnvironment(programsDir: string): NodeJS.ProcessEnv {
  // Compiled code is kept beside the bundles, and so goes when they go.
  return { PATH: process.env.PATH, NODE_COMPILE_CACHE: join(programsDir, 'compile-cache') }
}

/** The bundles, noted in the claim, because processes are started from them again as long as the topology is up. */
export async function takePrograms(claim: Claim): Promise<Record<Program, string>> {
  const inUse = claims().filter(ownerLives).flatMap(({ programs }) => programs ?? [])
  const programs = await bundlePrograms(projectRoot, inUse)
  claim.update((document) => { document.programs = dirname(programs.gateway) })
  return programs
}
