// A load as objects of a cluster: k6-operator's TestRun, the suite in a ConfigMap, the token in a Secret. The operator
// makes a Job of `parallelism` runner pods, each with its execution segment of every k6 scenario.

import type { KubernetesObject, V1ConfigMap, V1EnvVar, V1PodSecurityContext, V1ResourceRequirements, V1Secret, V1SecurityContext, V1Volume, V1VolumeMount } from '@kubernetes/client-node'
import { topologyError } from '../../../errors.ts'
import type { LoadSpec } from '../../../substrate.ts'
import type { ObjectRef } from '../api/api.ts'
import { runLabel } from '../manifests/region.ts'

/** k6.io/v1alpha1 TestRun, as far as it is used here (k6-operator, api/v1alpha1/testrun_types.go). */
export interface TestRun extends KubernetesObject {
  apiVersion: 'k6.io/v1alpha1'
  kind: 'TestRun'
  metadata: { name: string; namespace: string; labels?: Record<string, string> }
  spec: {
    script: { configMap: { name: string; file: string } }
    parallelism: number
    /** Split at blanks, and given to `k6 archive` as well. */
    arguments?: string
    /** `true` or `false`, as text. */
    paused?: string
    quiet?: string
    /** Deletes the TestRun, and with it the pods and their logs, when it has ended. */
    cleanup?: 'post'
    initializer?: TestRunPod
    starter?: TestRunPod
    runner?: TestRunPod
  }
  status?: { stage?: TestRunStage }
}

export type TestRunStage = 'initialization' | 'initialized' | 'created' | 'started' | 'stopped' | 'finished' | 'error'

export interface TestRunPod {
  image?: string
  imagePullPolicy?: 'IfNotPresent' | 'Always' | 'Never'
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
  env?: V1EnvVar[]
  resources?: V1ResourceRequirements
  securityContext?: V1PodSecurityContext
  containerSecurityContext?: V1SecurityContext
  /** `true` or `false`, as text. */
  automountServiceAccountToken?: string
  volumes?: V1Volume[]
  volumeMounts?: V1VolumeMount[]
}

export interface TestRunRequest {
  run: string
  namespace: string
  load: LoadSpec
  /** One file for k6: see `bundleSuite`. */
  suite: string
  /** REGATTA_WAYS: see `waysOf`. */
  ways: Record<string, object>
  /** Sent with pinned requests. */
  token: string
  parallelism: number
  /** Brings `k6` and a shell. */
  image: string
  /** Of the pod that tells paused runners to go. Ours are not paused, so it need not even be had. */
  starterImage?: string
}

/** k6's own image, in the version that runs on this machine. Its user is 12345. */
export const defaultRunnerImage = 'grafana/k6:1.8.1'
const k6User = 12_345

/** REST API of k6 in a runner pod; the operator asks it for readiness. */
export const k6ApiPort = 6565
/** Setup data: what those outside can read and write while `setup` waits (see suites/lib/regatta.ts). */
export const mailboxPath = '/v1/setup'

/** An API server takes objects of 1 MiB (etcd's limit is 1.5 MiB of request). */
const maxSuiteBytes = 1_000_000
const suiteFile = 'suite.js'

export const testRunCrd: ObjectRef = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', name: 'testruns.k6.io' }

/** Short enough that the names which the operator makes of it (`-initializer`, `-service-12`) are still DNS labels. */
export function testRunName(run: string, load: string): string {
  const name = `${run}-${load}`.toLowerCase().replace(/[^a-z0-9-]+/g, '-').replace(/^-+|-+$/g, '')
  return name.slice(0, 40).replace(/-+$/, '')
}

/** On every pod that the operator makes for a TestRun. */
export const podLabels = (name: string): Record<string, string> => ({ app: 'k6', k6_cr: name })

/** Secret, ConfigMap, TestRun, in the order of applying. Throws RGT_TEST_RUN when the suite is too large for a ConfigMap. */
export function testRunManifests(request: TestRunRequest): [V1Secret, V1ConfigMap, TestRun] {
  const { run, namespace, load, suite, ways, token, parallelism, image, starterImage } = request
  const name = testRunName(run, load.name)
  const labels = { 'app.kubernetes.io/managed-by': 'regatta', [runLabel]: run }
  const metadata = { name, namespace, labels }
  const bytes = Buffer.byteLength(suite)
  if (bytes > maxSuiteBytes) {
    throw topologyError('RGT_TEST_RUN', `the suite of load ${load.name} does not fit into a ConfigMap`, {
      expected: `at most ${maxSuiteBytes} bytes`, found: `${bytes} bytes`, hint: 'fewer templates in the mix, or play it from this machine',
    })
  }
  const pod: TestRunPod = {
    image, imagePullPolicy: 'IfNotPresent', metadata: { labels }, automountServiceAccountToken: 'false', ...restricted,
    volumes: [{ name: 'scratch', emptyDir: { sizeLimit: '64Mi' } }], volumeMounts: [{ name: 'scratch', mountPath: '/tmp' }],
  }
  const text = (variable: string, value: string): V1EnvVar => ({ name: variable, value })
  return [
    { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: { token: Buffer.from(token).toString('base64') } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { [suiteFile]: suite } },
    {
      apiVersion: 'k6.io/v1alpha1', kind: 'TestRun', metadata,
      spec: {
        script: { configMap: { name, file: suiteFile } }, parallelism,
        // Runners wait in `setup` for a moment that all of them are told, which is sharper than being woken one by one;
        // and it is we who delete them, because their logs are the rows.
        paused: 'false', quiet: 'true',
        // Has no part in rows, so its words stay as k6 writes them: the operator looks for `level=error` there.
        initializer: { ...pod, env: [text('HOME', '/tmp')] },
        starter: { ...(starterImage === undefined ? {} : { image: starterImage }), metadata: { labels }, automountServiceAccountToken: 'false', ...restricted },
        runner: {
          ...pod,
          resources: { requests: { cpu: '250m', memory: '128Mi' }, limits: { memory: '512Mi' } },
          env: [
            text('REGATTA_WAYS', JSON.stringify(ways)),
            text('REGATTA_MAILBOX', `http://127.0.0.1:${k6ApiPort}${mailboxPath}`),
            { name: 'REGATTA_TOKEN', valueFrom: { secretKeyRef: { name, key: 'token' } } },
            text('K6_LOG_FORMAT', 'raw'), text('K6_LOG_OUTPUT', 'stdout'), text('K6_NO_COLOR', 'true'), text('K6_NO_USAGE_REPORT', 'true'),
            text('HOME', '/tmp'), text('GOGC', '400'), text('GOMAXPROCS', '1'),
          ],
        },
      },
    },
  ]
}

/** What the `restricted` pod security standard asks for. */
const restricted: Pick<TestRunPod, 'securityContext' | 'containerSecurityContext'> = {
  securityContext: { runAsNonRoot: true, runAsUser: k6User, runAsGroup: k6User, fsGroup: k6User, seccompProfile: { type: 'RuntimeDefault' } },
  containerSecurityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
}

/** What a TestRun is made of, to be removed; the operator's Jobs, pods and Services go with it. */
export function testRunRefs(namespace: string, name: string): ObjectRef[] {
  return [{ apiVersion: 'k6.io/v1alpha1', kind: 'TestRun', namespace, name }, ...['ConfigMap', 'Secret'].map((kind) => ({ apiVersion: 'v1', kind, namespace, name }))]
}
