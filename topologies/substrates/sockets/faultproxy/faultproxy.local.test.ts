// The contract suite against both proxies. REGATTA_TOOL_TOXIPROXY, or toxiproxy-server in PATH or in the project's
// cache, brings in the real one; without it those cases are skipped and say so.

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { faultProxyCases, type ProxyUnderTest } from './faultproxy.case.ts'
import { openFaultProxy } from './index.ts'
import { dial, freePorts } from './sockets.case.ts'
import { realToxiproxy } from './toxiproxy.case.ts'

const stateDir = mkdtempSync(join(tmpdir(), 'regatta-faultproxy-'))
const started: ChildProcess[] = []
afterAll(() => {
  for (const child of started) if (child.exitCode === null) child.kill('SIGKILL')
  rmSync(stateDir, { recursive: true, force: true })
})

const own = (command: string, args: string[]): ChildProcess => {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  started.push(child)
  return child
}

async function open(binary: string | null): Promise<ProxyUnderTest> {
  const [apiPort] = await freePorts(1)
  return { apiPort, token: 'secret', proxy: await openFaultProxy({ binary, apiPort, token: 'secret', stateDir, spawn: own }) }
}

describe('embedded', () => {
  faultProxyCases(() => open(null))

  test('says what it is', async () => {
    const { proxy } = await open(null)
    expect(proxy).toMatchObject({ kind: 'embedded', version: '2.12.0-regatta' })
    await proxy.close()
  })

  test('ends when its owner lets go of it', async () => {
    const { proxy, apiPort } = await open(null)
    const child = started.at(-1)!
    const exited = new Promise((resolve) => child.once('exit', resolve))
    child.stdin!.end()
    await exited
    await expect(dial(apiPort)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    await proxy.close()
  })
})

const real = await realToxiproxy()
if (real.path === null) test.skip(`toxiproxy: ${real.why}`, () => {})
else describe(`toxiproxy at ${real.path}`, () => faultProxyCases(() => open(real.path)))

describe('a proxy that cannot start', () => {
  test('is an error with its last words', async () => {
    const [apiPort] = await freePorts(1)
    const open = openFaultProxy({
      binary: null, apiPort, token: 'secret', stateDir,
      spawn: () => own(process.execPath, ['-e', 'console.error("no luck"); process.exit(7)']),
    })
    await expect(open).rejects.toMatchObject({ code: 'RGT_SUBSTRATE_START', details: { found: expect.stringContaining('no luck') } })
  })

  test('is an error when there is no such program', async () => {
    const [apiPort] = await freePorts(1)
    const open = openFaultProxy({
      binary: null, apiPort, token: 'secret', stateDir, spawn: () => own(join(stateDir, 'nothing-here'), []),
    })
    await expect(open).rejects.toMatchObject({ code: 'RGT_SUBSTRATE_START' })
  })
})
