// Whether this machine can play tests on clusters, and a cluster for them. Nothing is installed or pulled for a test:
// what is missing is the reason of one skipped test a file.
//
// REGATTA_KIND_NODE_IMAGE: image of the nodes, as for runs. REGATTA_KIND_TEST_CLUSTER: a kind cluster that is up, in
// which tests make namespaces of their own; without it a file makes a cluster and removes it.

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { findTool } from '../../tools/index.ts'

export interface KindGround {
  /** The `kind` command. */
  kind: string
  /** null: kind's own default, which is there. */
  nodeImage: string | null
}

const run = promisify(execFile)
const answerMs = 10_000
const createMs = 240_000

/** What there is, or why there is too little. */
export const kindGround: KindGround | { missing: string } = await look()

async function look(): Promise<KindGround | { missing: string }> {
  try {
    await run('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: answerMs })
  } catch (error) {
    const { code, stderr = '' } = error as { code?: string | number; stderr?: string }
    return { missing: code === 'ENOENT' ? 'there is no docker command' : `Docker does not answer: ${stderr.trim().split('\n')[0]}` }
  }
  const explicit = process.env.REGATTA_TOOL_KIND
  const kind = await findTool('kind', { allowInstall: false, ...(explicit === undefined ? {} : { explicit: { kind: explicit } }) })
  if (!('path' in kind)) return { missing: `there is no kind command (${kind.reason})` }
  const nodeImage = process.env.REGATTA_KIND_NODE_IMAGE ?? null
  const { stdout } = await run('docker', ['images', '--quiet', nodeImage ?? 'kindest/node'], { timeout: answerMs })
  if (stdout.trim() === '') return { missing: `the node image ${nodeImage ?? 'kindest/node'} is not in Docker` }
  return { kind: kind.path, nodeImage }
}

/** A suite where Docker, kind and a node image are there; elsewhere one skipped test that says what is missing. */
export function describeKind(name: string, body: (ground: KindGround) => void): void {
  if ('missing' in kindGround) {
    const { missing } = kindGround
    test(name, ({ skip }) => skip(missing))
    return
  }
  const ground = kindGround
  describe(name, () => body(ground))
}

/** One test, in the same way. */
export function kindTest(name: string, body: (ground: KindGround) => Promise<void>, timeoutMs = 60_000): void {
  test(name, async ({ skip }) => {
    if ('missing' in kindGround) return skip(kindGround.missing)
    await body(kindGround)
  }, timeoutMs)
}

export interface TestCluster {
  readonly name: string
  readonly context: string
  /** A file of the test's own. */
  readonly kubeconfig: string
  /** Puts an image of the Docker daemon into the nodes. */
  load(image: string): Promise<void>
}

/** A suite with a cluster. Its tests work in namespaces of their own and remove them. */
export function describeCluster(name: string, body: (cluster: TestCluster) => void): void {
  describeKind(name, ({ kind, nodeImage }) => {
    const given = process.env.REGATTA_KIND_TEST_CLUSTER
    const cluster = given ?? `regatta-test-${randomBytes(3).toString('hex')}`
    const folder = mkdtempSync(join(tmpdir(), 'regatta-kind-test-'))
    const kubeconfig = join(folder, 'kubeconfig')
    beforeAll(async () => {
      if (given === undefined) {
        const image = nodeImage === null ? [] : ['--image', nodeImage]
        await run(kind, ['create', 'cluster', '--name', cluster, ...image, '--kubeconfig', kubeconfig, '--wait', '180s'], { timeout: createMs })
      } else {
        writeFileSync(kubeconfig, (await run(kind, ['get', 'kubeconfig', '--name', given], { timeout: answerMs })).stdout, { mode: 0o600 })
      }
    }, createMs)
    afterAll(async () => {
      if (given === undefined) await run(kind, ['delete', 'cluster', '--name', cluster, '--kubeconfig', kubeconfig], { timeout: createMs })
      rmSync(folder, { recursive: true, force: true })
    }, createMs)
    body({
      name: cluster, context: `kind-${cluster}`, kubeconfig,
      load: async (image) => void await run(kind, ['load', 'docker-image', image, '--name', cluster], { timeout: createMs }),
    })
  })
}

/** A name that no other test has, for a namespace or a container. */
export const uniqueName = (base: string): string => `${base}-${randomBytes(4).toString('hex')}`
