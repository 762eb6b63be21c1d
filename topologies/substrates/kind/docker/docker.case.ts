// What tests against a real Docker daemon share: they are skipped with the reason where there is none, and what they
// make is called after their process and removed at their end.

import { test } from 'vitest'
import { openDocker } from './cli.ts'
import type { ContainerSpec, DockerDaemon } from './docker.ts'

export const baseImage = process.env.REGATTA_GATEWAY_BASE_IMAGE ?? 'node:24-bookworm-slim'

export const docker: DockerDaemon = openDocker({ command: 'docker', host: null })

const why: string | null = await docker.info().then(
  async () => (await docker.imageExists(baseImage) ? null : `the image ${baseImage} is not here: docker pull it, or set REGATTA_GATEWAY_BASE_IMAGE`),
  (error: unknown) => `no Docker: ${(error as Error).message}`,
)

export const dockerTest = (name: string, work: () => Promise<void>): void =>
  test(name, { timeout: 90_000 }, async (context) => {
    context.skip(why !== null, why ?? '')
    await work()
  })

let made = 0
export const named = (what: string): string => `regatta-test-${process.pid}-${what}-${made++}`

/** A container of the base image that runs a Node program. */
export function program(source: string, more: Partial<ContainerSpec> & Pick<ContainerSpec, 'name' | 'network'>): ContainerSpec {
  return { image: baseImage, command: ['node', '-e', source], labels: {}, publish: [], files: {}, keepInput: true, ...more }
}
