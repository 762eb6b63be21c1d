// A search over many machines as a Kubernetes Indexed Job: each index is a shard. Nothing but the image is needed; a
// scenario that is a file travels in a ConfigMap.

import { stringify } from 'yaml'
import { scenarioError } from '../errors.ts'

export interface JobManifest {
  scenario: string
  /** Arguments of `regatta search` for every shard, without scenario, shard and output. */
  args: string[]
  shards: number
  parallelism: number
  image: string
  /** Of each pod; its workers are as many. */
  cpus: number
  memory: string
  /** PersistentVolumeClaim that keeps the folders of results; null = they are in the pods' logs only. */
  claim: string | null
  /** The scenario's own text when it is a file; null for one of the catalogue, which is in the image. */
  scenarioText: string | null
}

const outDir = '/results'
const scenarioDir = '/scenario'
const indexVariable = '$(JOB_COMPLETION_INDEX)'

/** YAML for `kubectl apply -f -`; the image's PATH has to hold `regatta`. */
export function jobManifest(job: JobManifest): string {
  const name = `regatta-search-${nameOf(job.scenario)}`
  const documents: object[] = [indexedJob(job, name)]
  if (job.scenarioText !== null) documents.unshift({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: labels(name) }, data: { 'scenario.yaml': job.scenarioText } })
  return documents.map((document) => stringify(document, { lineWidth: 0 })).join('---\n')
}

/** A scenario in a ConfigMap is alone there. Throws RGT_SEARCH_MANIFEST when it names files beside it. */
export function requireSelfContained(spec: { topology?: unknown; config?: unknown[] }, file: string): void {
  const paths = [spec.topology, ...(spec.config ?? [])].filter((value) => typeof value === 'string' && /[/\\]|\.(ya?ml|json|ts)$/.test(value))
  if (paths.length === 0) return
  throw scenarioError('RGT_SEARCH_MANIFEST', 'the scenario names files that a ConfigMap would leave behind', {
    place: { file }, found: paths.join(', '), hint: 'put the files into the image and name the scenario by its path there, or write their content into the scenario',
  })
}

function nameOf(scenario: string): string {
  return scenario.replace(/^.*[/\\]/, '').replace(/\.[a-z]+$/, '').toLowerCase().replaceAll(/[^a-z0-9-]+/g, '-').replaceAll(/^-+|-+$/g, '').slice(0, 40)
}

function labels(name: string): Record<string, string> {
  return { 'app.kubernetes.io/name': 'regatta', 'app.kubernetes.io/component': 'search', 'app.kubernetes.io/instance': name }
}

function indexedJob(job: JobManifest, name: string): object {
  return {
    apiVersion: 'batch/v1', kind: 'Job', metadata: { name, labels: labels(name) },
    spec: {
      completions: job.shards, parallelism: Math.min(job.parallelism, job.shards), completionMode: 'Indexed',
      // A lost node is tried again; a violation or bad input is the shard's answer (exit codes are API).
      backoffLimitPerIndex: 2,
      podFailurePolicy: {
        rules: [
          { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] },
          { action: 'FailIndex', onExitCodes: { containerName: 'search', operator: 'In', values: [1, 3] } },
        ],
      },
      template: { metadata: { labels: labels(name) }, spec: pod(job, name) },
    },
  }
}

function pod({ scenario, args, shards, image, cpus, memory, claim, scenarioText }: JobManifest, name: string): object {
  const results = claim === null ? { emptyDir: {} } : { persistentVolumeClaim: { claimName: claim } }
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [{
      name: 'search', image,
      command: ['regatta'],
      args: ['search', scenarioText === null ? scenario : `${scenarioDir}/scenario.yaml`, ...args, '--shard', `${indexVariable}/${shards}`, '--workers', String(cpus), '--out', outDir, '--json'],
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
      resources: { requests: { cpu: String(cpus), memory }, limits: { memory } },
      volumeMounts: [
        { name: 'results', mountPath: outDir, ...(claim === null ? {} : { subPathExpr: `shard-${indexVariable}` }) },
        { name: 'tmp', mountPath: '/tmp' },
        ...(scenarioText === null ? [] : [{ name: 'scenario', mountPath: scenarioDir, readOnly: true }]),
      ],
    }],
    volumes: [
      { name: 'results', ...results }, { name: 'tmp', emptyDir: {} },
      ...(scenarioText === null ? [] : [{ name: 'scenario', configMap: { name } }]),
    ],
  }
}
