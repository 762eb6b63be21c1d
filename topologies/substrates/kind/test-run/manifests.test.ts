// Tries that the objects say what is meant, within the limits of a cluster, and that k6-operator's own CRD takes them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { LoadSpec } from '../../../substrate.ts'
import { findBundle } from '../../../tools/bundles/index.ts'
import type { Crd } from '../crds/crd.ts'
import { validatorOf } from '../crds/openapi.case.ts'
import { testRunManifests, testRunName, type TestRunRequest } from './manifests.ts'
import { bundleSuite } from './suite.ts'

const load: LoadSpec = { name: 'load', source: 'load', engine: 'k6', fromUs: 0, toUs: 1e6, streams: [] }
const request: TestRunRequest = {
  run: 'run-1', namespace: 'regatta-system', load, suite: 'export default function () {}', ways: { a: { kind: 'edge' } }, token: 'geheim', parallelism: 3, image: 'grafana/k6:1.8.1',
}

const bundle = await findBundle('k6-operator', { allowInstall: false })
const crd = 'manifests' in bundle ? (bundle.manifests as Crd[]).find(({ spec }) => spec.names.kind === 'TestRun') : undefined

describe('the objects of a load', () => {
  const [secret, configMap, testRun] = testRunManifests(request)

  it('keep the token out of everything that is not secret', () => {
    expect(Buffer.from(secret.data!.token, 'base64').toString()).toBe('geheim')
    expect(JSON.stringify([configMap, testRun])).not.toMatch(/geheim|Z2VoZWlt/)
    expect(testRun.spec.runner!.env).toContainEqual({ name: 'REGATTA_TOKEN', valueFrom: { secretKeyRef: { name: 'run-1-load', key: 'token' } } })
    expect(JSON.stringify(testRun.spec.initializer)).not.toContain('REGATTA_TOKEN')
  })

  it('ask for nothing that the restricted pod security standard forbids', () => {
    for (const pod of [testRun.spec.initializer!, testRun.spec.starter!, testRun.spec.runner!]) {
      expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
      expect(pod.containerSecurityContext).toMatchObject({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } })
      expect(pod.automountServiceAccountToken).toBe('false')
    }
  })

  it('leave it to us to delete pods, because their logs are the rows', () => {
    expect(testRun.spec).toMatchObject({ parallelism: 3, paused: 'false', script: { configMap: { name: 'run-1-load', file: 'suite.js' } } })
    expect(testRun.spec.cleanup).toBeUndefined()
  })

  it('are refused when the suite is too large', () => {
    expect(() => testRunManifests({ ...request, suite: 'x'.repeat(1_000_001) })).toThrow(expect.objectContaining({ code: 'RGT_TEST_RUN' }))
  })

  it.skipIf(crd === undefined)(`are what k6-operator takes${crd === undefined ? ' (skipped: its CRD is not in .tools/; a run with loadContext or `findBundle` brings it)' : ''}`, () => {
    const validate = validatorOf(crd!)
    expect(validate(testRun)).toEqual([])
    expect(validate({ ...testRun, spec: { ...testRun.spec, paralelism: 2 } })).not.toEqual([])
    expect(validate({ ...testRun, spec: { ...testRun.spec, paused: false } })).not.toEqual([])
  })
})

describe('names', () => {
  it.each([
    ['20260101-run', 'load', '20260101-run-load'],
    ['Run_A', 'Load.B', 'run-a-load-b'],
    ['r'.repeat(60), 'load', 'r'.repeat(40)],
    ['r'.repeat(39), 'load', 'r'.repeat(39)],
  ])('%s and %s make %s', (run, name, expected) => {
    expect(testRunName(run, name)).toBe(expected)
  })
})

describe('a suite in one file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'regatta-suite-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const suite = (text: string): LoadSpec => {
    writeFileSync(join(folder, 'suite.ts'), text)
    return { ...load, suite: join(folder, 'suite.ts') }
  }

  it('imports nothing but k6, carries the load, and tells its counts', async () => {
    writeFileSync(join(folder, 'part.ts'), 'export const part: string = "of it"')
    const text = await bundleSuite(suite('import http from "k6/http"\nimport { part } from "./part.ts"\nexport const setup = () => http.get(part + __ENV.REGATTA_LOAD + __ENV.REGATTA_RUNNERS)\nexport default function () {}'), 4)
    expect([...text.matchAll(/from "([^"]+)"/g)].map(([, from]) => from)).toEqual(['k6/http'])
    expect(text).toContain('of it')
    expect(text).toContain('"toUs":1000000')
    expect(text).not.toContain('__ENV.REGATTA_LOAD')
    expect(text).toMatch(/http\.get\(.*4['"]\)/)
    // Where a file lies on this machine is nobody's business elsewhere.
    expect(text).not.toContain(`"suite":`)
    expect(text).toMatch(/export \{[^}]*default[^}]*\}/)
    expect(text).toMatch(/handleSummary/)
  })

  it('says where it cannot be bundled', async () => {
    await expect(bundleSuite(suite('export default function ( {'), 1)).rejects.toMatchObject({ code: 'RGT_K6_SCRIPT', details: { found: expect.stringContaining('suite.ts:1') } })
    await expect(bundleSuite(load, 1)).rejects.toMatchObject({ code: 'RGT_TEST_RUN' })
  })
})
