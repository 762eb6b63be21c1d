// JUnit must be XML that any CI server reads, whatever stands in names and evidence.

import { describe, expect, it } from 'vitest'
import { junit } from './junit.ts'
import { nastyVerdict, unsupportedVerdict, verdictCase } from './verdict.case.ts'

/** A small strict reader of XML: tags must nest, text and attributes hold only what XML 1.0 allows. */
function readXml(text: string): { name: string; attributes: Record<string, string> }[] {
  const open: string[] = []
  const elements: { name: string; attributes: Record<string, string> }[] = []
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/)
  const body = text.replace(/^<\?xml[^>]*\?>/, '')
  for (const [whole, tag, between] of body.matchAll(/(<[^>]*>)|([^<]+)/g)) {
    if (between !== undefined) {
      expect(between.replaceAll(/&(amp|lt|gt|quot|#\d+);/g, '')).not.toMatch(/&|]]>/)
      continue
    }
    const match = /^<(\/?)([a-z]+)((?: [a-z]+="[^"<]*")*)(\/?)>$/.exec(tag)
    if (match === null) throw new Error(`not a tag: ${whole}`)
    const [, closes, name, attributes, alone] = match
    if (closes === '/') expect(open.pop()).toBe(name)
    else {
      elements.push({ name, attributes: Object.fromEntries([...attributes.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key, value]) => [key, value])) })
      if (alone === '') open.push(name)
    }
  }
  expect(open).toEqual([])
  return elements
}

describe('junit', () => {
  it('has one test case a check; inconclusive is an error, a miss a failure', () => {
    const elements = readXml(junit(verdictCase()))
    expect(elements.filter(({ name }) => name === 'testcase').map(({ attributes }) => attributes.name)).toEqual(['failover_time max&lt;5s', 'eligible_failed count==0', 'machine-room'])
    expect(elements.find(({ name }) => name === 'testsuite')?.attributes).toMatchObject({ tests: '3', failures: '1', errors: '1' })
    expect(elements.find(({ name }) => name === 'failure')?.attributes.message).toBe('expected count == 0, observed 3')
    expect(elements.filter(({ name }) => name === 'error')).toHaveLength(1)
  })

  it('skips what is unsupported, with the reason', () => {
    const elements = readXml(junit(unsupportedVerdict()))
    expect(elements.find(({ name }) => name === 'testsuite')?.attributes).toMatchObject({ tests: '4', failures: '1', errors: '1', skipped: '1' })
    expect(elements.filter(({ name }) => name === 'skipped').map(({ attributes }) => attributes.message)).toEqual(['simulated cannot measure decision_time: the clock stands still'])
  })

  it('stays well-formed whatever the names hold', () => {
    const elements = readXml(junit(nastyVerdict()))
    expect(elements.map(({ name }) => name)).not.toContain('img')
    expect(elements.find(({ name }) => name === 'testsuite')?.attributes.name).toContain('&lt;/script&gt;')
  })
})
