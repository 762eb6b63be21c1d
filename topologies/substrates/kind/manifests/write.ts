// The manifests of a run as files, so that a person can look at them and repeat the run by hand. They hold the run's token
// whole, or they would repeat nothing: only their owner may read them.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubernetesObject } from '@kubernetes/client-node'
import { stringify } from 'yaml'
import { rankOf } from '../api/apply.ts'

const filePrivate = { mode: 0o600 }
const folderPrivate = { mode: 0o700, recursive: true }

/** Writes `FOLDER/REGION/001-namespace-NAME.yaml` and so on, numbered in the order of applying, and `FOLDER/README.md`. */
export function writeManifests(folder: string, region: string, objects: readonly KubernetesObject[]): void {
  const own = join(folder, region)
  mkdirSync(own, folderPrivate)
  // As they are applied: in the order given, what others stand on before it.
  const ordered = objects.map((object, index) => ({ object, index })).sort((a, b) => rankOf(a.object.kind!) - rankOf(b.object.kind!) || a.index - b.index)
  const digits = Math.max(3, String(ordered.length).length)
  ordered.forEach(({ object }, index) => {
    writeFileSync(join(own, `${String(index + 1).padStart(digits, '0')}-${fileNameOf(object)}.yaml`), stringify(object, { lineWidth: 0, aliasDuplicateObjects: false }), filePrivate)
  })
  writeFileSync(join(folder, 'README.md'), readme(folder), filePrivate)
}

function fileNameOf({ kind, metadata }: KubernetesObject): string {
  return [kind!.toLowerCase(), ...(metadata!.namespace === undefined ? [] : [metadata!.namespace]), metadata!.name!].join('-')
}

const readme = (folder: string): string => `# Manifests of a run

One folder a region, one file an object, numbered in the order of applying. They are exactly what the run applied, with
its token and the addresses of its own fault proxy: keep them to yourself.

To bring one region up by hand, with \`REGION\` for a folder of this one, and GATEWAY-IMAGE and TESTBED-IMAGE as the
Deployments there name them (\`grep -h image: REGION/*deployment* | sort -u\`):

\`\`\`
cd ${folder}
kind create cluster --name REGION
kind load docker-image GATEWAY-IMAGE TESTBED-IMAGE --name REGION
for file in REGION/*.yaml; do kubectl --context kind-REGION apply --server-side --field-manager regatta -f "$file"; done
kubectl --context kind-REGION get pods --all-namespaces --selector app.kubernetes.io/managed-by=regatta --watch
\`\`\`

If a kind is unknown to the cluster just after its definition was applied, apply the files again: nothing is done twice.
The gateway becomes ready when its control plane has a configuration, which is not among these files: apply the
documents of the topology's \`gateway.config\`, and a \`ConfigRevision\` that lists them.

\`kind delete cluster --name REGION\` takes it all away.
`
