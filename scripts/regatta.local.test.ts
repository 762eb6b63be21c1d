// Tries the command line as processes: exit codes, what stands on which stream, and that a finished command is gone.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { commands } from './commands/index.ts'
import { projectRoot } from './environment.ts'
import { makeSandbox } from './regatta.case.ts'

const sandbox = makeSandbox()
afterAll(() => sandbox.clear())

const jsonLines = (text: string): Record<string, never>[] => text.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Record<string, never>)

describe('regatta', () => {
  it('helps on standard output when asked nothing', async () => {
    const { code, out, err } = await sandbox.regatta()
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('Start here:')
  })

  it('ends bad input with 3 and says why on standard error only', async () => {
    const { code, out, err } = await sandbox.regatta('vaildate')
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toMatch(/^RGT_COMMAND_USAGE: .*\n.*Did you mean validate\?/)
  })

  it('tells every problem of a file as JSON, one a line', async () => {
    const text = readFileSync(join(projectRoot, 'scripts', 'quiet.case.yaml'), 'utf8').replace('rate:', 'rat:').replace('metadata:', 'metadate:')
    writeFileSync(join(sandbox.folder, 'wrong.yaml'), text)
    const { code, out, err } = await sandbox.regatta('run', './wrong.yaml', '--json')
    expect({ code, out }).toEqual({ code: 3, out: '' })
    const errors = jsonLines(err).map(({ error }) => error as { code: string; place: { line: number } })
    expect(errors.length).toBeGreaterThan(1)
    for (const error of errors) expect(error).toMatchObject({ code: 'RGT_SCENARIO_SCHEMA', place: { line: expect.any(Number) } })
  })

  it('lists tools whether they are here or not', async () => {
    const { code, out } = await sandbox.regatta('tools', 'list', '--json')
    expect(code).toBe(0)
    expect(jsonLines(out).map(({ name }) => name)).toEqual(expect.arrayContaining(['k6', 'toxiproxy', 'envoy']))
  })

  it('goes on in silence when its reader leaves', async () => {
    const { out, err } = await sandbox.shell('regatta validate | head -1; exit "${PIPESTATUS[0]}"')
    expect(out.split('\n')).toHaveLength(2)
    expect(err).toBe('')
  })

  it('ends with all that it wrote, even into a slow pipe and with a timer left over', async () => {
    const script = `import { endProcess } from '${join(projectRoot, 'scripts', 'exit.ts')}'
      process.stdout.write('x'.repeat(3000000)); setInterval(() => {}, 1000); await endProcess(2)`
    const { code, out } = await sandbox.shell(`'${process.execPath}' --input-type=module -e "${script}" | (sleep 0.3; wc -c); exit "\${PIPESTATUS[0]}"`)
    expect({ code, bytes: Number(out) }).toEqual({ code: 2, bytes: 3_000_000 })
  })
})

describe('init', () => {
  it('writes a folder whose every file is valid, and writes nothing over it', async () => {
    const { code, out } = await sandbox.regatta('init', 'mine', '--from', 'residency-lock', '--json')
    const folder = join(sandbox.folder, 'mine')
    const { scenario, files } = JSON.parse(out) as { scenario: string; files: string[] }
    expect({ code, scenario }).toEqual({ code: 0, scenario: join(folder, 'residency-lock.yaml') })
    const yaml = files.filter((file) => file.endsWith('.yaml'))
    for (const file of yaml) {
      const schema = /^# yaml-language-server: \$schema=(\S+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? ''
      expect(existsSync(join(file, '..', schema)), file).toBe(true)
    }
    const valid = await sandbox.regatta('validate', ...yaml, '--json')
    expect(valid).toMatchObject({ code: 0, err: '' })
    expect(jsonLines(valid.out).map(({ kind }) => kind).sort()).toEqual(['GatewayConfiguration', 'Scenario', 'Topology'])
    writeFileSync(scenario, 'mine')
    expect(await sandbox.regatta('init', 'mine', '--from', 'residency-lock')).toMatchObject({ code: 3, out: '' })
    expect(readFileSync(scenario, 'utf8')).toBe('mine')
  })

  it('brings templates of configuration along, and keeps a topology apart from a scenario of its name', async () => {
    const { out } = await sandbox.regatta('init', 'world', '--from', 'global-federation', '--json')
    const { scenario, files } = JSON.parse(out) as { scenario: string; files: string[] }
    expect(files).toContain(join(sandbox.folder, 'world', 'config', 'tenant.yaml'))
    const valid = await sandbox.regatta('validate', scenario, join(sandbox.folder, 'world', 'global-federation-topology.yaml'), '--json')
    expect(valid).toMatchObject({ code: 0, err: '' })
    expect(jsonLines(valid.out).map(({ kind }) => kind)).toEqual(['Scenario', 'Topology'])
  })

  it('leaves nothing half written where it must not write', async () => {
    mkdirSync(join(sandbox.folder, 'taken'))
    writeFileSync(join(sandbox.folder, 'taken', 'schemas'), 'a file where a folder has to be')
    expect(await sandbox.regatta('init', 'taken')).toMatchObject({ code: 3, err: expect.stringContaining('RGT_COMMAND_WRITE') as string })
  })
})

describe('validate', () => {
  const write = (name: string, text: string): string => {
    writeFileSync(join(sandbox.folder, name), text)
    return `./${name}`
  }
  const routeTo = (gateway: string): string => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: r, namespace: n }
spec:
  parentRefs: [{ name: ${gateway} }]
  rules: [{ matches: [{ path: { type: PathPrefix, value: / } }], backendRefs: [{ name: s, port: 80 }] }]
`

  it('reads scenarios, topologies and gateway configuration alike', async () => {
    const catalog = join(projectRoot, 'topologies', 'catalog')
    const { code, out } = await sandbox.regatta('validate', 'steady', 'three-regions', join(catalog, 'fifteen-regions.yaml'), join(catalog, 'config', 'shop.yaml'), '--json')
    expect(code).toBe(0)
    expect(jsonLines(out).map(({ kind }) => kind)).toEqual(['Scenario', 'Topology', 'Topology', 'GatewayConfiguration'])
  })

  it('checks both when a scenario and a topology share a name', async () => {
    const { out } = await sandbox.regatta('validate', 'global-federation', '--json')
    expect(jsonLines(out).map(({ kind }) => kind)).toEqual(['Scenario', 'Topology'])
  })

  it('looks for what a lone file refers to in the files beside it, and says so', async () => {
    write('gw.yaml', 'apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: { name: g, namespace: n }\nspec:\n  gatewayClassName: regatta\n  listeners: [{ name: http, protocol: HTTP, port: 80 }]\n')
    const alone = await sandbox.regatta('validate', write('route.yaml', routeTo('g')))
    expect(alone).toMatchObject({ code: 0, out: expect.stringContaining('looked up in gw.yaml') as string })
    const dangling = await sandbox.regatta('validate', write('lost.yaml', routeTo('nowhere').replace('name: r,', 'name: lost,')))
    expect(dangling).toMatchObject({ code: 3, out: '', err: expect.stringMatching(/RGT_CONFIG_REFERENCE.*\n {2}at .*lost\.yaml:\d+/) as string })
  })

  it('goes on after a bad file, and ends with 3', async () => {
    const { code, out, err } = await sandbox.regatta('validate', write('other.yaml', 'kind: Deployment\n'), './nowhere.yaml', write('broken.yaml', 'a: [\n'), 'steady')
    expect(code).toBe(3)
    expect(out).toMatch(/^steady/)
    expect(err).toMatch(/RGT_COMMAND_FILE[^]*RGT_SCENARIO_UNKNOWN|RGT_SCENARIO_UNKNOWN[^]*RGT_COMMAND_FILE/)
    expect(err).toContain('RGT_CONFIG_SYNTAX')
  })
})

describe('completion', () => {
  it('completes in a real bash', async () => {
    const lines: [string[], string[]][] = [
      [['regatta', 'va'], ['validate']],
      [['regatta', 'run', 'regional-o'], ['regional-outage']],
      [['regatta', 'run', '--rep'], ['--repeat']],
      [['regatta', 'run', 'steady', '--gateway', 'hapr'], ['haproxy', 'haproxy:tuned', 'haproxy:default']],
      [['regatta', 'up', 'fif'], ['fifteen-regions']],
      [['regatta', 'inject', 'link'], ['link-cut']],
      [['regatta', 'tools', 'install', 'tox'], ['toxiproxy']],
      [['regatta', 'report', '--format', 'ju'], ['junit']],
      [['regatta', 'must-fail', 'inter'], ['interrupted']],
    ]
    const { code, out, err } = await sandbox.shell(`source <(regatta completion bash)
      ${lines.map(([words]) => `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _regatta; echo "\${COMPREPLY[*]}"`).join('\n')}`)
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out.trim().split('\n').map((line) => line.split(' '))).toEqual(lines.map(([, words]) => words))
  })

  it.for(['zsh', 'fish'])('for %s names every verb, and that shell can read it', async (shell, { skip }) => {
    const { code, out } = await sandbox.regatta('completion', shell)
    expect(code).toBe(0)
    for (const { name } of commands) expect(out).toContain(name)
    if ((await sandbox.shell(`command -v ${shell}`)).code !== 0) skip(`${shell} is not here`)
    writeFileSync(join(sandbox.folder, 'completion'), out)
    expect(await sandbox.shell(`${shell} -n completion`)).toMatchObject({ code: 0, err: '' })
  })
})

it('leaves nothing in the temporary folder', () => {
  expect(readdirSync(sandbox.folder).filter((name) => name.startsWith('regatta-'))).toEqual([])
})
