// JUnit XML, one test case a check, as CI servers read it. Inconclusive is an error, not a failure: the
// objective was not missed, it could not be told. What the substrate cannot measure is skipped.

import type { Check, Verdict } from '../scenarios/verdict.ts'
import { quantity } from './words.ts'

export function junit(verdict: Verdict): string {
  const failures = verdict.checks.filter((check) => check.verdict === 'fail').length
  const errors = verdict.checks.filter((check) => check.verdict === 'inconclusive').length
  const skipped = verdict.checks.filter((check) => check.verdict === 'unsupported').length
  const name = attribute(`${verdict.scenario} on ${verdict.substrate}`)
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="regatta" tests="${verdict.checks.length}" failures="${failures}" errors="${errors}">`,
    `  <testsuite name="${name}" tests="${verdict.checks.length}" failures="${failures}" errors="${errors}" skipped="${skipped}">`,
    '    <properties>',
    ...Object.entries({ run: verdict.run, seed: verdict.seed, topology: verdict.topology, gateway: verdict.gateway, mesh: verdict.mesh, verdict: verdict.verdict })
      .map(([key, value]) => `      <property name="${key}" value="${attribute(String(value))}"/>`),
    '    </properties>',
    ...verdict.checks.map((check) => testCase(check, verdict)),
    '  </testsuite>',
    '</testsuites>', '',
  ].join('\n')
}

function testCase(check: Check, { scenario }: Verdict): string {
  const open = `    <testcase classname="${attribute(`${scenario}.${check.group}`)}" name="${attribute(check.name)}"`
  if (check.verdict === 'pass') return `${open}/>`
  if (check.verdict === 'unsupported') return `${open}>\n      <skipped message="${attribute(check.evidence.join('; '))}"/>\n    </testcase>`
  const element = check.verdict === 'fail' ? 'failure' : 'error'
  const message = `expected ${check.objective}, observed ${quantity(check.observed, check.unit)}`
  return `${open}>\n      <${element} message="${attribute(message)}">${text(check.evidence.join('\n'))}</${element}>\n    </testcase>`
}

/** XML 1.0 allows few control characters; the others become question marks. */
function text(value: string): string {
  // oxlint-disable-next-line no-control-regex
  return value.replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '?').replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Line breaks as references: as they are, a reader would make blanks of them (XML 1.0, section 3.3.3). */
function attribute(value: string): string {
  return text(value).replaceAll('"', '&quot;').replaceAll('\t', '&#9;').replaceAll('\n', '&#10;').replaceAll('\r', '&#13;')
}
