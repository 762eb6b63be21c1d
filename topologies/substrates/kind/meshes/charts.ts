// Charts become objects here, and objects go the way of all others, so that a mesh is applied, waited for and told of like
// our own workloads. Helm renders and does nothing else: no release is kept in a cluster that is removed as a whole.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubernetesObject } from '@kubernetes/client-node'
import { parseAllDocuments } from 'yaml'
import { topologyError } from '../../../errors.ts'
import { CommandFailure, runCommand } from '../../../tools/command.ts'

export interface Chart {
  release: string
  namespace: string
  values: Record<string, unknown>
  /** Folder of the chart, or its name in a repository. */
  source: { folder: string } | { repository: string; chart: string; version: string }
}

export interface Helm { command: string; /** values are written here */ workDir: string; signal: AbortSignal }

const renderMs = 120_000

/** With the chart's CRDs. Throws RGT_MESH with helm's own words. */
export async function renderChart({ command, workDir, signal }: Helm, region: string, { release, namespace, values, source }: Chart): Promise<KubernetesObject[]> {
  const file = join(workDir, `${region}.${release}.values.json`)
  writeFileSync(file, JSON.stringify(values), { mode: 0o600 })
  const from = 'folder' in source ? [source.folder] : [source.chart, '--repo', source.repository, '--version', source.version]
  try {
    const { stdout } = await runCommand(command, ['template', release, ...from, '--namespace', namespace, '--values', file, '--include-crds'], { timeoutMs: renderMs, signal })
    return parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject | null).filter((object) => object !== null)
      .map((object) => withNamespace(object, namespace))
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    throw topologyError('RGT_MESH', `the chart ${'folder' in source ? source.folder : source.chart} cannot be rendered for ${region}`, {
      found: error.output.trim().slice(-500) || error.message, hint: '--mesh-charts names a folder of charts, --mesh-values values that they know',
    })
  }
}

/** Charts leave the namespace out where helm's own would be taken. A kind of the whole cluster has none, whatever is said. */
function withNamespace(object: KubernetesObject, namespace: string): KubernetesObject {
  if (object.metadata === undefined || object.metadata.namespace !== undefined || clusterWide.has(object.kind ?? '')) return object
  return { ...object, metadata: { ...object.metadata, namespace } }
}

const clusterWide: ReadonlySet<string> = new Set([
  'Namespace', 'CustomResourceDefinition', 'ClusterRole', 'ClusterRoleBinding', 'MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration',
  'ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding', 'PriorityClass', 'GatewayClass',
])
