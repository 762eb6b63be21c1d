// How a mesh is used, in one word that people type and reports show: `none`, `consul` (the mesh carries requests, gateways
// fail over), `consul:tuned` (the mesh fails over, with its settings of that name).

import { nearest } from '../../gateway/config/shape.ts'
import { topologyError } from '../errors.ts'
import type { Topology } from '../topology.ts'
import { findMesh, meshes } from './index.ts'
import type { Mesh } from './mesh.ts'

export interface MeshUse {
  mesh: string
  failoverOwner: Topology['failoverOwner']
  /** One of the mesh's settings, when one is named. */
  meshSettings?: string
}

/** Every word that `readMeshUse` takes, for help and completion. */
export const meshUses: readonly string[] = Object.values(meshes).flatMap(({ name, settings }) => [name, ...Object.keys(settings).map((one) => `${name}:${one}`)])

/** Throws RGT_UNSUPPORTED for a mesh or settings that do not exist. */
export function readMeshUse(text: string): MeshUse {
  const [name, ...rest] = text.split(':')
  const mesh = findMesh(name)
  if (rest.length === 0) return { mesh: name, failoverOwner: 'gateway' }
  return checkUse({ mesh: name, failoverOwner: 'mesh', meshSettings: rest.join(':') }, mesh)
}

/** Throws RGT_UNSUPPORTED when the mesh does not have the settings, or is to own failover and cannot. */
export function checkUse(use: MeshUse, mesh: Mesh = findMesh(use.mesh)): MeshUse {
  const names = Object.keys(mesh.settings)
  const { meshSettings: wanted, failoverOwner } = use
  if (wanted !== undefined && !names.includes(wanted)) {
    const near = nearest(wanted, names)
    throw topologyError('RGT_UNSUPPORTED', `mesh ${mesh.name} has no settings \`${wanted}\``, {
      expected: names.length === 0 ? 'no settings' : `one of ${names.join(', ')}`, found: wanted,
      ...(near === undefined ? {} : { hint: `did you mean \`${mesh.name}:${near}\`?` }),
    })
  }
  if (failoverOwner === 'mesh' && names.length === 0) {
    throw topologyError('RGT_UNSUPPORTED', `mesh ${mesh.name} cannot own failover`, {
      expected: 'failoverOwner: gateway, or another mesh', found: 'failoverOwner: mesh', hint: `meshes that can: ${Object.values(meshes).filter(({ settings }) => Object.keys(settings).length > 0).map(({ name }) => name).join(', ')}`,
    })
  }
  return use
}

export function withMesh(topology: Topology, use: MeshUse): Topology {
  const { meshSettings: _before, ...rest } = topology
  return { ...rest, ...use }
}

/** Name of the settings in force; undefined for a mesh without any. */
export function settingsOf({ mesh, meshSettings }: MeshUse): string | undefined {
  return meshSettings ?? Object.keys(findMesh(mesh).settings).at(0)
}

/** The word again. */
export function meshWord(use: MeshUse): string {
  return use.failoverOwner === 'gateway' ? use.mesh : `${use.mesh}:${settingsOf(use)}`
}
