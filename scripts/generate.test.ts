// Tries that committed derived files are what their sources say now, and that schemas accept the shipped files.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from './environment.ts'
import { errorMaps } from './error-reference.ts'
import { badInputCodes } from './exit.ts'
import { committedSchemas, generatedFiles } from './generate.ts'
import { allSchemas } from './schemas.ts'

describe('generated files', () => {
  it.each(Object.entries(generatedFiles()))('%s is current (otherwise: npm run generate)', (path, text) => {
    expect(existsSync(join(projectRoot, path)), `${path} is missing: npm run generate`).toBe(true)
    expect(readFileSync(join(projectRoot, path), 'utf8')).toBe(text)
  })

  it('leave no schema of a kind that is gone', () => {
    const wanted = Object.keys(generatedFiles()).filter((path) => path.startsWith('schemas/'))
    expect(committedSchemas().sort()).toEqual(wanted.sort())
  })
})

describe('schemas', () => {
  it('refer only to schemas that are there', () => {
    const schemas = allSchemas()
    const references = Object.values(schemas).flatMap((schema) => [...JSON.stringify(schema).matchAll(/"\$ref":"\.\/([^"]+)\.json"/g)].map(([, name]) => name))
    expect(references.length).toBeGreaterThan(0)
    expect(references.filter((name) => schemas[name] === undefined)).toEqual([])
  })

  it('know every top-level key that the shipped scenarios write', () => {
    const spec = (allSchemas().scenario as { properties: { spec: { properties: object } } }).properties.spec.properties
    expect(Object.keys(spec)).toEqual(expect.arrayContaining(['topology', 'load', 'prober', 'method', 'thresholds', 'phases']))
  })
})

describe('error codes', () => {
  it('belong to one room each', () => {
    const codes = Object.values(errorMaps).flatMap(Object.keys)
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([])
  })

  it('that count as bad input exist', () => {
    const codes = new Set(Object.values(errorMaps).flatMap(Object.keys))
    expect([...badInputCodes].filter((code) => !codes.has(code))).toEqual([])
  })
})
