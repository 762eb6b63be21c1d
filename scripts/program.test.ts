// Tries the command line without a process: that help teaches, that exit codes follow error codes, and what a
// reproduction line says.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { CodedError, CodedErrors } from '../gateway/errors.ts'
import { loadSweep } from '../scenarios/sweep/load-sweep.ts'
import { readMeshUse } from '../topologies/meshes/use.ts'
import { assignment } from './commands/inject.ts'
import { commands } from './commands/index.ts'
import { reproduction } from './commands/run.ts'
import { reproduction as reproductionOfSweep, withOptions } from './commands/sweep.ts'
import { exitCodeOf, worst } from './exit.ts'
import { makeProgram, runProgram } from './program.ts'

describe('help', () => {
  const program = makeProgram(() => {})
  const helpOf = (name: string): string => {
    let help = ''
    const command = program.commands.find((one) => one.name() === name)!
    command.configureOutput({ writeOut: (text) => { help += text } }).outputHelp()
    return help
  }

  it.each(commands.map(({ name }) => name))('of %s shows examples that are typed as shown, and exit codes', (name) => {
    const help = helpOf(name)
    expect(help).toContain('Examples:')
    expect(help).toMatch(name === 'tools' ? /tools list|regatta tools/ : /Exit codes/)
    expect(help).toMatch(new RegExp(`regatta ${name}`))
  })

  it.each(commands.map(({ name }) => name))('of %s names only options that exist', (name) => {
    const known = new Set(program.commands.flatMap((command) => [command, ...command.commands]).flatMap(({ options }) => options.map(({ long }) => long)))
    const used = [...helpOf(name).split('Examples:')[1].matchAll(/(?<=\s)--[a-z-]+/g)].map(([option]) => option)
    expect(used.filter((option) => !known.has(option) && option !== '--help')).toEqual([])
  })

  it('is the same list in the registry and on the program', () => {
    expect(program.commands.map((command) => command.name())).toEqual(commands.map(({ name }) => name))
  })
})

describe('exit codes', () => {
  it.each([
    ['RGT_SCENARIO_SCHEMA', 3], ['RGT_CONFIG_REFERENCE', 3], ['RGT_SUBSTRATE_UNKNOWN', 3], ['RGT_TOOL_UNKNOWN', 3], ['RGT_RUN_FOLDER', 3],
    ['RGT_FAULT_PROXY', 4], ['RGT_TOOL_MISSING', 4], ['RGT_SUBSTRATE_START', 4], ['RGT_RUN_HEAL', 4],
  ])('of %s is %i', (code, expected) => {
    expect(exitCodeOf(new CodedError(code, ''))).toBe(expected)
    expect(exitCodeOf(new CodedErrors([new CodedError(code, '')]))).toBe(expected)
  })

  it('of an error without a code blames the program, not its user', () => {
    expect(exitCodeOf(new TypeError('x is undefined'))).toBe(4)
  })

  it.each([[[0, 2, 1], 1], [[0, 2], 2], [[4, 130, 1], 130], [[1, 4], 4], [[0, 3], 3], [[], 0]])('of %j together is %i', (codes, expected) => {
    expect(worst(codes)).toBe(expected)
  })
})

describe('assignment', () => {
  it.each([
    ['region=eu-west', ['region', 'eu-west']], ['rate=0.5', ['rate', 0.5]], ['regions=["a","b"]', ['regions', ['a', 'b']]], ['a=b=c', ['a', 'b=c']],
  ])('reads %s', (text, expected) => {
    expect(assignment(text)).toEqual(expected)
  })

  it.each(['region', '=eu-west', ''])('refuses %j', (text) => {
    expect(() => assignment(text)).toThrow(CodedError)
  })
})

describe('reproduction', () => {
  const options = { on: 'local', gateway: 'reference', seed: 1, repeat: 20, rateShare: 1, out: '/x', embedded: true, install: true, live: true }
  it('is one run, with its own seed, and nothing that is as usual', () => {
    expect(reproduction('regional-outage', options, 7)).toBe('regatta run regional-outage --on local --seed 7')
  })

  it('keeps what changes the run', () => {
    expect(reproduction('./mine.yaml', { ...options, fast: true, rateShare: 0.5, embedded: false, install: false, gateway: 'envoy', mesh: readMeshUse('consul:stock') }, 1))
      .toBe('regatta run ./mine.yaml --on local --seed 1 --fast --rate-share 0.5 --no-embedded --no-install --gateway envoy --mesh consul:stock')
  })
})

describe('a sweep', () => {
  const options = { axis: ['rate=5,20'], set: [], seeds: 2, objective: 2500, workers: 7, out: '/x', keep: true, live: false }
  it('is repeated by what was typed, without what only says where and how fast', () => {
    expect(reproductionOfSweep('regional-hang', options)).toBe('regatta sweep regional-hang --axis rate=5,20 --seeds 2 --objective 2s500ms')
  })
  it('takes what was typed over what its file says', () => {
    const shipped = loadSweep('counter-reset')
    const { axes, fixed, seeds, objectiveMs } = withOptions(shipped, { ...options, axis: ['rate=20,5', 'probe-interval=1s'], set: ['counter-reset=1s', 'probe-misses=3'] })
    expect(axes.map(({ name, values }) => [name, values])).toEqual([['rate', [5, 20]], ['probe-interval', [1000]]])
    expect(fixed).toEqual([...shipped.fixed, { axis: 'counter-reset', value: 1000 }, { axis: 'probe-misses', value: 3 }])
    expect({ seeds, objectiveMs }).toEqual({ seeds: [1, 2], objectiveMs: 2500 })
  })
})

describe('bad input', () => {
  const played = async (...args: string[]): Promise<{ code: number; out: string; err: string }> => {
    const texts = { out: '', err: '' }
    const spies = (['out', 'err'] as const).map((name) => vi.spyOn(process[`std${name}`], 'write').mockImplementation((text) => {
      texts[name] += String(text)
      return true
    }))
    try {
      const code = await runProgram(args)
      return { code, ...texts }
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
  }

  it.each([
    [['frob'], "unknown command 'frob'"],
    [['vaildate'], 'Did you mean validate?'],
    [['run'], "missing required argument 'scenario'"],
    [['run', 'steady', '--frob'], "unknown option '--frob'"],
    [['run', 'steady', '--repeat', '0'], 'expected 1 or more'],
    [['run', 'regional-outrage'], 'did you mean `regional-outage`?'],
    [['run', 'steady', '--on', 'mars'], 'RGT_SUBSTRATE_UNKNOWN'],
    [['run', 'steady', '--gateway', 'envoi'], 'did you mean `envoy`?'],
    [['run', 'steady', '--mesh', 'fishing'], 'there is no mesh `fishing`'],
    [['judge', '.'], 'RGT_RUN_FOLDER'],
    [['report', './nowhere'], 'RGT_RUN_FOLDER'],
    [['sweep', 'counter-rest'], 'did you mean `counter-reset`?'],
    [['sweep', './nowhere.yaml', '--axis', 'rate=5'], 'RGT_SCENARIO_UNKNOWN'],
    [['sweep', 'regional-outage'], 'a sweep needs an axis'],
    [['sweep', 'counter-reset', '--axis', 'rat=5'], 'did you mean `rate`?'],
    [['sweep', 'counter-reset', '--axis', 'counter-reset=5'], 'a duration such as'],
    [['sweep', 'counter-reset', '--axis', 'rate'], 'expected NAME=VALUES'],
    [['sweep', 'counter-reset', '--set', 'regions=9'], 'cannot be had with 9 regions'],
    [['sweep', 'counter-reset', '--seeds', '0'], 'expected 1 or more'],
    [['inject', 'link-cut', '--for', 'ever'], 'not a duration'],
    [['init', '.', '--from', 'stedy'], 'did you mean `steady`?'],
    [['inject', 'regional-outage', '--run', 'nobody'], 'no topology is up'],
    [['down', 'nobody'], 'no run `nobody` is up'],
    [['tools', 'install', 'k7'], 'RGT_TOOL_UNKNOWN'],
    [['must-fail', 'nothing'], 'RGT_SCENARIO_UNKNOWN'],
    [['completion', 'tcsh'], 'Allowed choices are bash, zsh, fish'],
  ])('ends %j with 3 and says why on standard error only', async (args, why) => {
    const { code, out, err } = await played(...args)
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toContain(why)
    expect(err).toMatch(/^RGT_[A-Z_]+: /)
  })

  it('writes nothing for a run that cannot be', async () => {
    const out = join(import.meta.dirname, 'never')
    expect(await played('run', 'steady', '--gateway', 'envoi', '--out', out)).toMatchObject({ code: 3 })
    expect(existsSync(out)).toBe(false)
  })
})
