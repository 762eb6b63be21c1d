// What every pod here has in common: one container that may do next to nothing, its bootstrap file, and probes that
// tell a process that starts, one that serves, and one that is lost.

import { createHash } from 'node:crypto'
import type { V1Container, V1ContainerPort, V1Deployment, V1Probe, V1Secret, V1Volume, V1VolumeMount } from '@kubernetes/client-node'
import { nameLabels, partLabels, type Manifest, type Part } from './labels.ts'
import { bootstrapFolder, inServiceLabel, programFolder, type RegionPlan } from './region.ts'

export interface Workload {
  part: Part
  /** Of the Deployment; its Secret and disruption budget are called after it. */
  name: string
  namespace: string
  image: string
  /** Below `programFolder`. */
  program: string
  flags?: string[]
  bootstrap: object
  ports: V1ContainerPort[]
  /** Port and path that tell whether the process lives, and whether it serves. */
  health: { port: string; live: string; ready: string }
  memory: { request: string; limit: string }
  cpuRequest: string
  /** Written to by the process, kept through a restart of the container and no longer; null when it keeps nothing. */
  stateDir: string | null
  /** On its pods, beside its own. */
  labels?: Record<string, string>
  /** Whether two may run side by side while one replaces the other. */
  replacement: 'RollingUpdate' | 'Recreate'
  speaksToApiServer?: boolean
  /** Service account; the part's when absent. */
  account?: string
}

const bootstrapFile = 'bootstrap.json'
/** `node` of the official images. */
const user = 1000
const graceSeconds = 8

export const bootstrapName = ({ name }: Pick<Workload, 'name'>): string => `${name}-bootstrap`

/** `data`, not `stringData`: of that the API server forgets who applied which key. */
export function bootstrapSecret(plan: RegionPlan, { part, name, namespace, bootstrap }: Workload): Manifest<V1Secret> {
  return {
    apiVersion: 'v1', kind: 'Secret', type: 'Opaque',
    metadata: { name: bootstrapName({ name }), namespace, labels: partLabels(plan, part, name) },
    data: { [bootstrapFile]: Buffer.from(JSON.stringify(bootstrap)).toString('base64') },
  }
}

export function deployment(plan: RegionPlan, workload: Workload): Manifest<V1Deployment> {
  const { part, name, namespace, replacement, speaksToApiServer = false } = workload
  const sidecar = sidecarOf(plan, part)
  return {
    apiVersion: 'apps/v1', kind: 'Deployment',
    metadata: { name, namespace, labels: partLabels(plan, part, name) },
    spec: {
      replicas: 1,
      revisionHistoryLimit: 1,
      // Not by the label that takes a pod out of service: one that is out is still the Deployment's, and not replaced.
      selector: { matchLabels: nameLabels(part, name) },
      strategy: replacement === 'Recreate' ? { type: 'Recreate' } : { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: {
          labels: { ...partLabels(plan, part, name), ...workload.labels, ...sidecar?.labels, [inServiceLabel]: 'true' },
          // A process reads its bootstrap once, so another one is another pod.
          annotations: { 'regatta.dev/bootstrap': createHash('sha256').update(JSON.stringify(workload.bootstrap)).digest('hex').slice(0, 16), ...sidecar?.annotations },
        },
        spec: {
          serviceAccountName: workload.account ?? part,
          automountServiceAccountToken: speaksToApiServer,
          // An environment variable for each of two thousand services is more than a process can be started with.
          enableServiceLinks: false,
          terminationGracePeriodSeconds: graceSeconds,
          securityContext: { runAsNonRoot: true, runAsUser: user, runAsGroup: user, fsGroup: user, seccompProfile: { type: 'RuntimeDefault' } },
          containers: [container(workload)],
          volumes: volumes(workload),
        },
      },
    },
  }
}

function sidecarOf({ sidecars }: RegionPlan, part: Part): { labels: Record<string, string>; annotations: Record<string, string> } | null {
  return sidecars === undefined || part === 'control-plane' ? null : { labels: sidecars.labels, annotations: sidecars.annotations[part] }
}

function container({ part, image, program, flags = [], ports, health, memory, cpuRequest, stateDir }: Workload): V1Container {
  const mounts: V1VolumeMount[] = [{ name: 'bootstrap', mountPath: bootstrapFolder, readOnly: true }]
  if (stateDir !== null) mounts.push({ name: 'state', mountPath: stateDir })
  return {
    name: part, image,
    // Images are loaded into the nodes; there is nowhere to pull them from.
    imagePullPolicy: 'IfNotPresent',
    command: ['node', ...flags, `${programFolder}/${program}`, `${bootstrapFolder}/${bootstrapFile}`],
    // The programs end when their standard input closes, because then their owner is gone: here it never does.
    stdin: true,
    ports,
    // No limit of processor time: being throttled would be measured as latency of the gateway.
    resources: { requests: { cpu: cpuRequest, memory: memory.request }, limits: { memory: memory.limit } },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, privileged: false, capabilities: { drop: ['ALL'] } },
    volumeMounts: mounts,
    startupProbe: { ...probe(health.port, health.live), periodSeconds: 1, failureThreshold: 90 },
    readinessProbe: { ...probe(health.port, health.ready), periodSeconds: 2, failureThreshold: 2 },
    // A frozen process is a drill: five minutes, so that no restart mends what a drill broke.
    livenessProbe: { ...probe(health.port, health.live), periodSeconds: 10, failureThreshold: 30 },
  }
}

/** Control ports answer only to names of their own, and the kubelet calls them by the address of the pod. */
const probe = (port: string, path: string): V1Probe => ({ httpGet: { port, path, httpHeaders: [{ name: 'Host', value: 'localhost' }] }, timeoutSeconds: 2 })

function volumes({ name, stateDir }: Workload): V1Volume[] {
  const bootstrap: V1Volume = { name: 'bootstrap', secret: { secretName: bootstrapName({ name }), defaultMode: 0o440 } }
  return stateDir === null ? [bootstrap] : [bootstrap, { name: 'state', emptyDir: { sizeLimit: '256Mi' } }]
}
