// The registry of meshes: every entry says of every substrate whether it runs there, in a line.

import { expect, test } from 'vitest'
import { substrateKinds } from '../substrates/index.ts'
import { findMesh, meshes, refuseMeshWhereNone } from './index.ts'

test.each(Object.entries(meshes))('%s stands under its own name and tells of every substrate', (name, mesh) => {
  expect(mesh.name).toBe(name)
  expect(findMesh(name)).toBe(mesh)
  expect(Object.keys(mesh.on).sort()).toEqual([...substrateKinds].sort())
  for (const support of Object.values(mesh.on)) expect(support.supported ? support.how : support.why).toMatch(/^\S[^\n]{10,}$/)
})

test('where a mesh does not run it is refused in the words of its table', () => {
  refuseMeshWhereNone('consul', 'local')
  const refusal = (substrate: string): unknown => expect.objectContaining({ code: 'RGT_UNSUPPORTED', message: `mesh consul does not run on ${substrate}` })
  expect(() => refuseMeshWhereNone('consul', 'simulated')).toThrow(refusal('simulated'))
  expect(() => refuseMeshWhereNone('consul', 'moon')).toThrow(refusal('moon'))
})

test('an unknown name is refused with the nearest one, and so is what every object has', () => {
  for (const name of ['konsul', 'toString']) expect(() => findMesh(name)).toThrow(expect.objectContaining({ code: 'RGT_UNSUPPORTED' }))
  expect(() => findMesh('konsul')).toThrow(expect.objectContaining({ details: expect.objectContaining({ hint: 'did you mean `consul`?' }) }))
})
