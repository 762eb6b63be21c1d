// The registry of meshes: what may stand beside the gateways.

import { nearest } from '../../gateway/config/shape.ts'
import { topologyError } from '../errors.ts'
import { consul } from './consul.ts'
import { istio } from './istio.ts'
import { linkerd } from './linkerd.ts'
import type { Mesh } from './mesh.ts'
import { none } from './none.ts'

export const meshes: Record<string, Mesh> = { none, consul, istio, linkerd }

export const meshNames = Object.keys(meshes)

/** Throws RGT_UNSUPPORTED. */
export function findMesh(name: string): Mesh {
  if (Object.hasOwn(meshes, name)) return meshes[name]
  const near = nearest(name, meshNames)
  throw topologyError('RGT_UNSUPPORTED', `there is no mesh \`${name}\``, {
    expected: `one of ${meshNames.join(', ')}`, found: name,
    ...(near === undefined ? {} : { hint: `did you mean \`${near}\`?` }),
  })
}

/** Throws RGT_UNSUPPORTED with the mesh's own reason when it does not run on that kind of substrate. */
export function refuseMeshWhereNone(name: string, substrate: string): void {
  const support = findMesh(name).on[substrate]
  if (support?.supported === true) return
  throw topologyError('RGT_UNSUPPORTED', `mesh ${name} does not run on ${substrate}`, { hint: support?.why ?? `mesh ${name} knows nothing of substrate ${substrate}` })
}
