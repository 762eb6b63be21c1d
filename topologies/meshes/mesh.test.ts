// The registry of meshes: every entry says of every substrate whether it runs there, in a line.

import { expect, test } from 'vitest'
import { substrateKinds } from '../substrates/index.ts'
import { findMesh, meshes } from './index.ts'
import { whyNoMesh } from './mesh.ts'

test.each(Object.entries(meshes))('%s stands under its own name and tells of every substrate', (name, mesh) => {
  expect(mesh.name).toBe(name)
  expect(findMesh(name)).toBe(mesh)
  expect(Object.keys(mesh.on).sort()).toEqual([...substrateKinds].sort())
  for (const support of Object.values(mesh.on)) expect(support.supported ? support.how : support.why).toMatch(/^\S[^\n]{10,}$/)
})

test('why a substrate cannot run a mesh is told in the words of its table', () => {
  expect(whyNoMesh(meshes.consul, 'local')).toBeNull()
  expect(whyNoMesh(meshes.consul, 'simulated')).toBe('a simulation has no processes for a real mesh to run in')
  expect(whyNoMesh(meshes.consul, 'moon')).toContain('moon')
})

test('an unknown name is refused with the nearest one, and so is what every object has', () => {
  for (const name of ['konsul', 'toString']) expect(() => findMesh(name)).toThrow(expect.objectContaining({ code: 'RGT_UNSUPPORTED' }))
  expect(() => findMesh('konsul')).toThrow(expect.objectContaining({ details: expect.objectContaining({ hint: 'did you mean `consul`?' }) }))
})
