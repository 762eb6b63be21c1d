// The Job that is printed says what a cluster needs to hear, and nothing of a scenario is left behind.

import { expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { jobManifest, requireSelfContained, type JobManifest } from './job-manifest.ts'

const asked: JobManifest = {
  scenario: 'regional-outage', args: ['--runs', '1000', '--seed', '1'], shards: 8, parallelism: 20, image: 'registry.example/regatta:1',
  cpus: 2, memory: '1Gi', claim: null, scenarioText: null,
}
interface Container { args: string[]; image: string; securityContext: object; volumeMounts: { name: string; subPathExpr?: string }[] }
interface JobDocument { kind: string; data?: Record<string, string>; spec: { completions: number; parallelism: number; completionMode: string; template: { spec: { securityContext: object; containers: Container[]; volumes: object[] } } } }
const documents = (over: Partial<JobManifest> = {}): JobDocument[] => parseAllDocuments(jobManifest({ ...asked, ...over })).map((document) => document.toJS() as JobDocument)

it('is an Indexed Job whose index is the shard, without rights that it does not need', () => {
  const [{ kind, spec }] = documents()
  const [container] = spec.template.spec.containers
  expect([kind, spec.completions, spec.parallelism, spec.completionMode]).toEqual(['Job', 8, 8, 'Indexed'])
  expect(container.image).toBe('registry.example/regatta:1')
  expect(container.args.join(' ')).toBe('search regional-outage --runs 1000 --seed 1 --shard $(JOB_COMPLETION_INDEX)/8 --workers 2 --out /results --json')
  expect(spec.template.spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
  expect(container.securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } })
})

it('keeps each shard in a folder of a claim', () => {
  const [{ spec }] = documents({ claim: 'results' })
  expect(spec.template.spec.volumes[0]).toEqual({ name: 'results', persistentVolumeClaim: { claimName: 'results' } })
  expect(spec.template.spec.containers[0].volumeMounts[0].subPathExpr).toBe('shard-$(JOB_COMPLETION_INDEX)')
})

it('brings a scenario that is a file along', () => {
  const [map, job] = documents({ scenario: './My Drill.yaml', scenarioText: 'kind: Scenario\n' })
  expect(map).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'regatta-search-my-drill' }, data: { 'scenario.yaml': 'kind: Scenario\n' } })
  expect(job.spec.template.spec.containers[0].args.slice(0, 2)).toEqual(['search', '/scenario/scenario.yaml'])
})

it('refuses a scenario that names files beside it', () => {
  const refused = expect.objectContaining({ code: 'RGT_SEARCH_MANIFEST' }) as Error
  expect(() => requireSelfContained({ topology: './mine.yaml' }, 'a.yaml')).toThrow(refused)
  expect(() => requireSelfContained({ topology: 'three-regions', config: ['extra.yaml'] }, 'a.yaml')).toThrow(refused)
  expect(() => requireSelfContained({ topology: 'three-regions', config: [{ kind: 'Gateway' }] }, 'a.yaml')).not.toThrow()
})
