// What goes wrong with real clusters: a node that is not ready in time, a run that is called off or killed while clusters
// are made, or while a region is dark. Each ends with its code, and nothing of it is left in Docker or on this machine.

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { describeKind } from '../topologies/substrates/kind/kind.case.ts'
import { errorsOf, processesWith } from './played-machine.case.ts'
import { makeSandbox, type Running, type Sandbox } from './regatta.case.ts'
import { writeSmall, type Small } from './small.case.ts'

const lines = (...args: string[]): string[] => execFileSync('docker', args, { encoding: 'utf8' }).split('\n').filter((line) => line !== '')

/** One run on this machine's Docker: what it has there, found by its name, so that others may work beside it. */
interface RealRun extends Running {
  name(): string
  containers(...filters: string[]): string[]
  /** Notes the volumes of its containers, as soon as these can be inspected. */
  noteVolumes(): Promise<void>
  /** Of its claim, its containers, networks, volumes, processes and scratch folder, whatever is still there. */
  left(): string[]
}

describeKind('what goes wrong with clusters', ({ kind, nodeImage }) => {
  const sandboxes: Sandbox[] = []
  const runs: RealRun[] = []
  afterAll(() => {
    for (const sandbox of sandboxes) sandbox.clear()
    for (const run of runs) for (const container of run.containers()) lines('rm', '--force', '--volumes', container)
  })

  function start(options: { regions?: number; spec?: object; variables?: Record<string, string> }, ...args: string[]): RealRun & { sandbox: Sandbox } {
    const sandbox = makeSandbox({ REGATTA_TOOL_KIND: kind, ...(nodeImage === null ? {} : { REGATTA_KIND_NODE_IMAGE: nodeImage }), ...options.variables })
    sandboxes.push(sandbox)
    const small: Small = writeSmall(sandbox.folder, options)
    const running = sandbox.start('run', small.scenario, '--on', 'kind', '--no-install', '--json', '--out', join(sandbox.folder, 'runs'), ...args)
    let name = ''
    const volumes = new Set<string>()
    const claims = (): string[] => readdirSync(sandbox.folder).filter((one) => one.startsWith('regatta-'))
      .map((one) => join(sandbox.folder, one, 'claims')).filter((one) => existsSync(one)).flatMap((one) => readdirSync(one).filter((file) => file.endsWith('.json')))
    const containers = (...filters: string[]): string[] => (name === '' ? [] : lines('ps', '--all', '--filter', `name=^${name}-`, ...filters.flatMap((filter) => ['--filter', filter]), '--format', '{{.Names}}'))
    const run = {
      ...running, sandbox, containers,
      name: () => (name ||= claims()[0]?.replace(/\.json$/, '') ?? ''),
      async noteVolumes() {
        await expect.poll(() => {
          for (const volume of lines('inspect', '--format', '{{range .Mounts}}{{println .Name}}{{end}}', ...containers())) volumes.add(volume)
          return volumes.size
        }, { timeout: 30_000 }).toBeGreaterThan(0)
      },
      left: () => [
        ...claims(), ...containers(), ...lines('network', 'ls', '--filter', `name=^${name}`, '--format', '{{.Name}}'),
        ...lines('volume', 'ls', '--format', '{{.Name}}').filter((volume) => volumes.has(volume)),
        ...processesWith(sandbox.folder), ...processesWith(`${name}-`), ...readdirSync(join(sandbox.folder, 'runs'), { recursive: true, encoding: 'utf8' }).filter((file) => basename(file) === 'work'),
      ],
    }
    runs.push(run)
    return run
  }

  /** Resolves when it has a name, and so many containers that pass the filters. */
  async function until(run: RealRun, count: number, ...filters: string[]): Promise<void> {
    await expect.poll(run.name, { timeout: 60_000 }).not.toBe('')
    await expect.poll(() => run.containers(...filters).length, { timeout: 300_000, interval: 200 }).toBeGreaterThanOrEqual(count)
  }
  const nodes = 'label=io.x-k8s.kind.cluster'

  test('a cluster that is not ready in time is RGT_CLUSTER, and nothing is left', async () => {
    const run = start({}, '--ready-within', '6s')
    await until(run, 1, nodes)
    await run.noteVolumes()
    const ended = await run.ended
    expect(ended.code).toBe(4)
    expect(errorsOf(ended)).toMatchObject([{ code: 'RGT_CLUSTER', message: expect.stringContaining('was not ready after 6 s') as string, hint: expect.stringContaining('--ready-within') as string }])
    expect(run.left()).toEqual([])
  }, 180_000)

  test('an image that holds no node is RGT_CLUSTER with the words of kind, and nothing is left', async ({ skip }) => {
    const base = process.env.REGATTA_GATEWAY_BASE_IMAGE ?? 'node:24-bookworm-slim'
    skip(lines('images', '--quiet', base).length === 0, `the image ${base} is not here`)
    const run = start({ variables: { REGATTA_KIND_NODE_IMAGE: base } })
    await until(run, 1)
    const ended = await run.ended
    expect(ended.code).toBe(4)
    expect(errorsOf(ended)).toMatchObject([{ code: 'RGT_CLUSTER', found: expect.stringContaining('ERROR') as string }])
    expect(run.left()).toEqual([])
  }, 180_000)

  // A container is listed before it can be spoken of: the first is struck in between, the second while its node starts.
  test.each([false, true])('SIGINT while a cluster is made (its container runs: %s): 130, and nothing is left', async (isUp) => {
    const run = start({})
    await until(run, 1, nodes)
    if (isUp) await run.noteVolumes()
    run.process.kill('SIGINT')
    expect((await run.ended).code).toBe(130)
    expect(run.left()).toEqual([])
  }, 180_000)

  test.each([false, true])('SIGKILL while two clusters are made (a container runs: %s): `down --stale` leaves nothing', async (isUp) => {
    const run = start({ regions: 2 })
    await until(run, 1, nodes)
    if (isUp) await run.noteVolumes()
    run.process.kill('SIGKILL')
    await run.ended
    const down = await run.sandbox.regatta('down', '--stale', '--json')
    expect(down).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(down.out)).toMatchObject({ run: run.name(), state: 'swept' })
    await expect.poll(run.left).toEqual([])
  }, 300_000)

  const dark = {
    regions: 2,
    spec: { phases: { warmup: '500ms', steady: '2s', fault: '60s', healing: '1s', recovered: '1s' }, method: [{ fault: 'regional-outage', region: 'eu-west' }] },
  }

  test('SIGINT while a region is dark: it is healed, all is taken down, and what there is is judged', async () => {
    const run = start(dark)
    await until(run, 1, nodes, 'status=paused')
    await run.noteVolumes()
    run.process.kill('SIGINT')
    const { code, out } = await run.ended
    expect(code).toBe(130)
    expect(JSON.parse(out)).toMatchObject({ verdict: 'inconclusive', exitCode: 130 })
    expect(run.left()).toEqual([])
  }, 600_000)

  test('SIGKILL while a region is dark: `down --stale` leaves nothing', async () => {
    const run = start(dark)
    await until(run, 1, nodes, 'status=paused')
    await run.noteVolumes()
    run.process.kill('SIGKILL')
    await run.ended
    const down = await run.sandbox.regatta('down', '--stale', '--json')
    expect(down).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(down.out)).toMatchObject({ run: run.name(), state: 'swept', networks: [run.name()] })
    await expect.poll(run.left).toEqual([])
  }, 600_000)
})
