// What is written reads back, and what is wrong is told with its place.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CodedErrors } from '../../gateway/errors.ts'
import { defaultModel } from '../../topologies/substrates/simulated/model.ts'
import { modelText, readModelFile, type ModelFile } from './model-file.ts'

const dir = mkdtempSync(join(tmpdir(), 'regatta-model-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const file: ModelFile = {
  apiVersion: 'regatta.dev/v1alpha1', kind: 'SimulationModel', metadata: { name: 'test' },
  spec: { ...defaultModel, rttUs: { 'edge:frankfurt>region:eu-west': 15_400 } },
}

function written(name: string, text: string): string {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}

describe('a model file', () => {
  for (const name of ['model.yaml', 'model.json']) {
    it(`reads back from ${name}`, async () => {
      expect(await readModelFile(written(name, modelText(file, name)))).toEqual(file)
    })
  }

  it('of another kind or version, or out of order, is refused with line and column', async () => {
    const cases: [string, string, RegExp][] = [
      ['kind: SimulationModel', 'kind: Scenario', /kind/],
      ['version: 1', 'version: 2', /spec\.version/],
      ['client: [ 150, 200, 300 ]', 'client: [ 150, 300, 200 ]', /less than the one before/],
      ['client: [ 150, 200, 300 ]', 'client: [ -1 ]', /out of bounds/],
      ['edge:frankfurt>region:eu-west', 'frankfurt-eu-west', /rttUs|two places/],
    ]
    for (const [from, to, message] of cases) {
      const text = modelText(file, 'x.yaml')
      expect(text).toContain(from)
      const error = await readModelFile(written('bad.yaml', text.replace(from, to))).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(CodedErrors)
      const [first] = (error as CodedErrors).errors
      expect(first.code).toBe('RGT_MODEL_SCHEMA')
      expect(String(first)).toMatch(message)
      expect(first.details.place?.line).toBeGreaterThan(1)
    }
  })

  it('that is missing, empty or no YAML is refused', async () => {
    await expect(readModelFile(join(dir, 'nowhere.yaml'))).rejects.toMatchObject({ code: 'RGT_MODEL_FILE' })
    await expect(readModelFile(written('empty.yaml', ''))).rejects.toMatchObject({ code: 'RGT_MODEL_FILE' })
    await expect(readModelFile(written('torn.yaml', 'spec: ['))).rejects.toMatchObject({ code: 'RGT_MODEL_SYNTAX' })
  })
})
