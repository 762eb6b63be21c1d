// The style of the house as a test: the house itself against every rule, and a bad and a good example against each,
// so that no rule is one that cannot fail.

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { codeOf } from './code-of.ts'
import { projectRoot } from './environment.ts'
import { rooms, rules, type Files } from './tidy.ts'

const house: Files = new Map(execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: projectRoot, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && file !== 'package-lock.json' && existsSync(join(projectRoot, file)))
  // Pictures are there, but nobody reads them.
  .map((file) => [file, /\.(ts|mjs|js|css|md|json|yaml)$/.test(file) ? readFileSync(join(projectRoot, file), 'utf8') : '']))

/** Rule → files that break it, files that do not. */
const examples: Record<string, { bad: Record<string, string>[]; good: Record<string, string>[] }> = {
  'imports run one way: gateway ← topologies ← scenarios ← reports ← scripts': {
    bad: [
      { 'gateway/a.ts': "import { b } from '../topologies/b.ts'" },
      { 'topologies/a/a.ts': 'export * from "../../scenarios/b.ts"' },
      { 'reports/a.ts': "const b = await import('../scripts/b.ts')" },
      { 'scenarios/a.ts': "import '../reports/b.ts'" },
      { 'gateway/a.ts': "import manifest from '../package.json'" },
    ],
    good: [{ 'scripts/a.ts': "import { b } from '../gateway/b.ts'", 'gateway/a.ts': "import { b } from './topologies/b.ts'" }],
  },
  'no file or folder is called after nothing': {
    bad: [{ 'gateway/utils/a.ts': '' }, { 'scenarios/helpers.ts': '' }, { 'reports/lib/a.ts': '' }],
    good: [{ 'gateway/util-rate.ts': '', 'scripts/library.ts': '' }],
  },
  'file names are lower case with hyphens, as registry keys are': {
    bad: [{ 'gateway/routeTable.ts': '' }, { 'scenarios/Fault.ts': '' }, { 'reports/a_b.ts': '' }],
    good: [{ 'gateway/route-table.local.test.ts': '', 'topologies/toxics/reset_peer.ts': '' }],
  },
  'time, chance and the network enter through ports': {
    bad: [
      { 'gateway/a.ts': 'const now = Date.now()' }, { 'gateway/a.ts': 'later(new Date())' }, { 'scenarios/a.ts': 'Math.random()' },
      { 'reports/a.ts': 'setTimeout(f, 1)' }, { 'gateway/a.ts': 'await fetch(url)' }, { 'topologies/a.ts': 'const text = `${randomUUID()}`' },
      { 'topologies/a.ts': 'process.hrtime.bigint()' }, { 'gateway/a.ts': 'performance.now()' },
    ],
    good: [
      { 'gateway/a.ts': "// not Date.now\nconst text = 'Math.random' + `setTimeout` + /fetch(/.source" },
      { 'gateway/runtime.ts': 'Date.now()', 'topologies/tools/a.ts': 'fetch(url)', 'gateway/a.test.ts': 'setTimeout(f)' },
      { 'gateway/a.ts': 'cache.fetch(key)' },
    ],
  },
  'the environment is read in scripts only': {
    bad: [{ 'gateway/a.ts': 'const { HOME } = process.env' }, { 'topologies/a.ts': 'process.env.PATHS' }],
    good: [{ 'scripts/a.ts': 'process.env.HOME', 'topologies/a.ts': 'process.env.PATH', 'topologies/b.ts': 'spawn(file, { env: { ...process.env, A: 1 } })' }],
  },
  'every file says at its head what it is': {
    bad: [{ 'gateway/a.ts': "import './b.ts'" }, { 'gateway/a.ts': '//\nimport' }, { 'scripts/a.mjs': '#!/usr/bin/env node\nrun()' }],
    good: [{ 'gateway/a.ts': '// Says what it is.', 'gateway/b.ts': '/** Says it too. */', 'scripts/a.mjs': '#!/usr/bin/env node\n// Says it.' }],
  },
  'every error code is in the map of its room, and none there is dead': {
    bad: [
      { 'gateway/a.ts': "throw gatewayError('RGT_NEW', '')" },
      { 'gateway/errors.ts': "export const gatewayErrors = {\n  RGT_OLD: 'nobody throws it',\n}" },
    ],
    good: [{ 'gateway/errors.ts': "export const gatewayErrors = {\n  RGT_A: 'a',\n}", 'gateway/a.ts': "throw gatewayError('RGT_A', '')" }],
  },
  'no test is left alone, and no skip is without a reason': {
    bad: [{ 'gateway/a.test.ts': "it.only('x', f)" }, { 'gateway/a.test.ts': "describe.skip('x', f)" }, { 'gateway/a.test.ts': 'context.skip()' }],
    good: [{ 'gateway/a.test.ts': "context.skip('needs Docker') // not it.only(\ntest.skip(`toxiproxy: ${why}`, f)" }],
  },
  'kind name = file name = registry key': {
    bad: [
      { 'scenarios/faults/index.ts': "export const faults = {\n  'region-outage': regionOutage,\n}", 'scenarios/faults/outage.ts': '' },
      { 'scripts/commands/index.ts': "import { mustFailCommand } from './mf.ts'", 'scripts/commands/mf.ts': '' },
    ],
    good: [{ 'topologies/tools/index.ts': 'export const tools = { k6, envoy } as const', 'topologies/tools/k6.ts': '', 'topologies/tools/envoy.ts': '' }],
  },
  'each room has a README that ends with "Add one"': {
    bad: [{}, Object.fromEntries(rooms.map((room) => [`${room}/README.md`, '# Room\n## Add one\n## After it']))],
    good: [Object.fromEntries(rooms.map((room) => [`${room}/README.md`, '# Room\n## How\n## Add one\ntext']))],
  },
  'links between pages, and the files that a guide names, lead somewhere': {
    bad: [{ 'a.md': 'see [b](docs/b.md)' }, { 'gateway/README.md': 'see [b](../b.md#part)' }, { 'a.md': 'the line in `gateway/gone.ts`' }],
    good: [{ 'a.md': '[b](docs/b.md#x) [c](https://example.com) [d](docs) `docs/b.md` `docs/NAME.md`', 'docs/b.md': '[up](../a.md) [here](#x)' }],
  },
  'nothing tells of the machine or the talk it was made on': {
    bad: [{ 'gateway/a.ts': '// see /home/me/notes' }, { 'README.md': 'in /root/main' }],
    good: [{ 'README.md': 'https://example.com/home/me ./root/main topologies/root/ /tmp/x' }],
  },
}

describe('the house', () => {
  it('is seen whole', () => {
    expect([...house.keys()].filter((file) => file.endsWith('.ts')).length).toBeGreaterThan(300)
    expect(rooms.filter((room) => ![...house.keys()].some((file) => file.startsWith(`${room}/`)))).toEqual([])
  })

  it.each(rules)('$name', ({ breaches }) => {
    expect(breaches(house)).toEqual([])
  })
})

describe('rules', () => {
  it('have an example each', () => {
    expect(Object.keys(examples)).toEqual(rules.map(({ name }) => name))
  })

  it.each(rules)('refuse the bad and leave the good alone: $name', ({ name, breaches }) => {
    const { bad, good } = examples[name]
    expect(bad.length).toBeGreaterThan(0)
    for (const files of bad) expect(breaches(new Map(Object.entries(files))), JSON.stringify(files)).not.toEqual([])
    for (const files of good) expect(breaches(new Map(Object.entries(files))), JSON.stringify(files)).toEqual([])
  })
})

describe('codeOf', () => {
  it.each([
    ["a // it's\nb", 'a \nb'],
    ['a /* `x */ b', 'a  b'],
    ["f('it\\'s // no comment', \"say \\\"x\\\"\")", "f('', \"\")"],
    ['`text ${code(`inner ${deep}`)} more` + end', '`${code(`${deep}`)}` + end'],
    ["`${{ a: '}' }.a}` + end", "`${{ a: '' }.a}` + end"],
    ['x.match(/[/"\']\\//g) + y', 'x.match(//) + y'],
    ['const half = a / b / c', 'const half = a / b / c'],
    ['`\\${no} $ {x}` + end', '`` + end'],
  ])('%j', (text, code) => {
    expect(codeOf(text)).toBe(code)
  })
})
