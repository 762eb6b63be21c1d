// `--mesh`, the same in every command that plays scenarios beside a mesh.

import { InvalidArgumentError } from 'commander'
import { CodedError } from '../gateway/errors.ts'
import { meshUses, meshWord, readMeshUse, type MeshUse } from '../topologies/meshes/use.ts'

/** For `command.option(...meshOption)`. */
export const meshOption = [
  '--mesh <use>', `mesh beside the gateways, NAME (gateways fail over) or NAME:SETTINGS (the mesh does): ${meshUses.join(', ')}; default: as the scenario or its topology says`, use,
] as const

/** The same for commands that take several, with commas between. */
export const meshesOption = [
  '--mesh <list>', `uses of meshes, with commas between: ${meshUses.join(', ')}; default: as the scenario or its topology says`,
  (text: string): MeshUse[] => text.split(',').map((word) => use(word.trim())),
] as const

/** As it is typed again; nothing when nobody typed it. */
export const meshFlags = (mesh: MeshUse | undefined): string[] => (mesh === undefined ? [] : [`--mesh ${meshWord(mesh)}`])

function use(text: string): MeshUse {
  try {
    return readMeshUse(text)
  } catch (error) {
    if (!(error instanceof CodedError)) throw error
    const { expected, hint } = error.details
    throw new InvalidArgumentError([error.message, ...(expected === undefined ? [] : [`expected ${expected}`]), ...(hint === undefined ? [] : [hint])].join('; '))
  }
}
