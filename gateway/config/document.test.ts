// Tries how files are read: several documents, the place of each value, and everything that is refused.

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { CodedErrors } from '../errors.ts'
import { formatPath, fromObjects, readDocuments } from './document.ts'
import { editDistance, nearest, parseShape } from './shape.ts'

function errorsOf(run: () => unknown): CodedErrors['errors'] {
  try {
    run()
  } catch (error) {
    if (error instanceof CodedErrors) return error.errors
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('readDocuments', () => {
  it('reads several documents, leaves out empty ones, and knows where things stand', () => {
    const [one, other] = readDocuments('a:\n  b: [1, {c: 2}]\n---\n# nothing\n---\nx: 1\n', 'f.yaml')
    expect([one.value, other.value]).toEqual([{ a: { b: [1, { c: 2 }] } }, { x: 1 }])
    expect(one.place(['a', 'b', 1, 'c'])).toEqual({ file: 'f.yaml', line: 2, column: 14, path: 'a.b[1].c' })
    expect(one.place(['a', 'b'], 'key')).toMatchObject({ line: 2, column: 3 })
    expect(one.place(['a', 'gone', 'deep'])).toMatchObject({ line: 1, column: 1, path: 'a.gone.deep' })
    expect(other.place(['x'])).toMatchObject({ line: 6, column: 4 })
  })

  it('reads JSON, tabs and all', () => {
    expect(readDocuments('{\n\t"a": [\n\t\t1\n\t]\n}\n', 'f.json')[0].value).toEqual({ a: [1] })
  })

  it('follows YAML 1.2: yes, on and dates are text, merge keys are plain keys', () => {
    expect(readDocuments('a: yes\nb: on\nc: 2024-01-01\nd: 0o17\n<<: {e: 1}', 'f')[0].value).toEqual({ a: 'yes', b: 'on', c: '2024-01-01', d: 15, '<<': { e: 1 } })
  })

  it.each([
    ['a duplicate key', 'a: 1\na: 2', 2, 1],
    ['an open list', 'a: [1\nb: 2', 2, 1],
    ['an unknown tag', 'a: !js 1', 1, 4],
    ['a key that is a list', '? [x]\n: 1', 1, 3],
    ['a broken second document', 'a: 1\n---\nb: }', 3, 4],
  ])('refuses %s with its place', (_, text, line, column) => {
    const [error] = errorsOf(() => readDocuments(text, 'f.yaml'))
    expect(error.code).toBe('RGT_CONFIG_SYNTAX')
    expect(error.details.place).toEqual({ file: 'f.yaml', line, column })
  })

  it('refuses alias bombs and absurd nesting without going under', () => {
    const bomb = ['a: &a [x, x]', ...['b', 'c', 'd', 'e'].map((key, index) => `${key}: &${key} [${Array(10).fill(`*${'abcd'[index]}`).join()}]`)].join('\n')
    expect(errorsOf(() => readDocuments(bomb, 'f'))[0].message).toMatch(/alias/i)
    expect(errorsOf(() => readDocuments('['.repeat(50_000), 'f')).length).toBeLessThanOrEqual(20)
  })

  it('keeps __proto__ an ordinary key', () => {
    const [{ value }] = readDocuments('__proto__: {polluted: true}', 'f')
    expect(Object.hasOwn(value as object, '__proto__')).toBe(true)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})

describe('parseShape', () => {
  const schema = z.strictObject({
    kind: z.literal('Thing'),
    spec: z.strictObject({
      thresholds: z.record(z.string(), z.array(z.string())).optional(),
      count: z.int().min(3),
      entry: z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('edge'), edge: z.string() }), z.strictObject({ kind: z.literal('direct'), region: z.string() })]),
      either: z.union([z.number(), z.strictObject({ name: z.string() })]).optional(),
    }),
  })

  it('tells every problem at once, in the order of the file, with what would help', () => {
    const text = 'kind: Thing\nspec:\n  thresholdz: {}\n  count: 2\n  entry: {kind: edgy}\n  either: {nam: x}\n'
    const errors = errorsOf(() => parseShape(schema, readDocuments(text, 'f.yaml')[0]))
    expect(errors.map(({ message, details }) => [details.place?.line, details.place?.column, message, details.hint])).toEqual([
      [3, 3, 'unknown key `thresholdz`', 'did you mean `thresholds`?'],
      [4, 10, '`spec.count` is out of bounds', undefined],
      [5, 17, '`spec.entry.kind` is none of the values allowed', 'did you mean `edge`?'],
      [6, 3, '`spec.either.name` is missing', undefined],
      [6, 12, 'unknown key `nam`', 'did you mean `name`?'],
    ])
    expect(errors[2].details).toMatchObject({ expected: 'one of edge, direct', found: '"edgy"' })
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set(['RGT_CONFIG_SCHEMA']))
  })

  it('names the ancestor when a key is missing, and takes another code', () => {
    const [error] = errorsOf(() => parseShape(schema, readDocuments('kind: Thing\nspec: {count: 3}\n', 'f')[0], 'RGT_OTHER'))
    expect(error).toMatchObject({ code: 'RGT_OTHER', message: '`spec.entry` is missing', details: { place: { line: 2, column: 1, path: 'spec.entry' }, found: 'nothing' } })
  })

  it('gives the value back as the schema reads it, also from plain objects', () => {
    const value = { kind: 'Thing', spec: { count: 3, entry: { kind: 'edge', edge: 'a' } } }
    expect(parseShape(schema, fromObjects([value], 'wire')[0])).toEqual(value)
    const [error] = errorsOf(() => parseShape(schema, fromObjects([value, {}], 'wire')[1]))
    expect(error.details.place).toEqual({ file: 'wire', path: '[1].kind' })
  })
})

it('finds the nearest word, and none when nothing is near', () => {
  expect(editDistance('ab', 'ba')).toBe(1)
  expect(editDistance('kitten', 'sitting')).toBe(3)
  expect(nearest('HttpRoute', ['Gateway', 'HTTPRoute'])).toBe('HTTPRoute')
  expect(nearest('weigth', ['name', 'weight'])).toBe('weight')
  expect(nearest('banana', ['name', 'weight'])).toBeUndefined()
  expect(formatPath(['a', 0, 'b c'])).toBe('a[0]["b c"]')
})
