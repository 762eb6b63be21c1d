// The style of the house as rules over its files. A rule is pure: it gets path → text and gives back a sentence for
// each breach that says what to do instead. `tidy.test.ts` holds the house, and a bad example of each, against them.

import { dirname, join, normalize } from 'node:path/posix'
import { codeOf } from './code-of.ts'

/** Path below the project's root, with slashes → text. */
export type Files = ReadonlyMap<string, string>

export interface Rule { name: string; breaches(files: Files): string[] }

/** In the order in which imports may run: from a later room into an earlier one. */
export const rooms = ['gateway', 'topologies', 'scenarios', 'reports', 'scripts'] as const

const roomOf = (file: string): number => rooms.findIndex((room) => file.startsWith(`${room}/`))
const isCode = (file: string): boolean => roomOf(file) >= 0 && /\.(ts|mjs)$/.test(file) && !file.startsWith('scenarios/suites/')
const isTest = (file: string): boolean => /\.(test|case)\.ts$/.test(file)
const sources = (files: Files): [string, string][] => [...files].filter(([file]) => isCode(file))

/** Where the outside comes in: adapters of ports, and processes that people and tests start. */
// `run-machine.ts` writes the wall clock into run.json, for people.
const adapters = [/^gateway\/runtime\.ts$/, /^scenarios\/run-machine\.ts$/, /^topologies\/substrates\/[a-z]+\//, /^topologies\/tools\//, /^reports\/live\.ts$/, /^scripts\//]

const ports: [RegExp, string][] = [
  [/\bDate\.now\b|\bnew Date\(\)/, 'Clock of gateway/ports.ts'],
  [/\bperformance\.now\b/, 'Clock.nowUs of gateway/ports.ts'],
  [/\bprocess\.hrtime\b/, 'Clock.nowNs of gateway/ports.ts'],
  [/\bMath\.random\b/, 'Random of gateway/ports.ts'],
  [/\brandomUUID\b/, 'a seeded Random of gateway/ports.ts'],
  [/\bset(Timeout|Interval)\b/, 'Scheduler of gateway/ports.ts'],
  [/(?<![.\w])fetch\(/, 'an adapter below topologies/substrates or topologies/tools'],
]

const importsOneWay: Rule = {
  name: 'imports run one way: gateway ← topologies ← scenarios ← reports ← scripts',
  breaches: (files) => sources(files).flatMap(([file, text]) => importsOf(text)
    .filter((target) => target.startsWith('.'))
    .map((target) => normalize(join(dirname(file), target)))
    .filter((target) => roomOf(target) > roomOf(file) || (roomOf(target) < 0 && roomOf(file) < roomOf('scripts/')))
    .map((target) => `${file} imports ${target}: move what is shared to the earlier room`)),
}

/** Targets of static, dynamic and re-exporting imports. */
function importsOf(text: string): string[] {
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*(['"])([^'"\n]+)\1/g)].map(([, , target]) => target)
}

const names: Rule = {
  name: 'no file or folder is called after nothing',
  breaches: (files) => [...files.keys()]
    .filter((file) => roomOf(file) >= 0 && !file.startsWith('scenarios/suites/') && /(^|\/)(src|utils?|common|helpers?|misc|lib|stuff)(\/|\.[a-z]+$)/.test(file))
    .map((file) => `${file}: call it after what it holds`),
}

const kebab: Rule = {
  name: 'file names are lower case with hyphens, as registry keys are',
  breaches: (files) => sources(files).map(([file]) => file)
    // Toxiproxy's own names of toxics are the registry keys there.
    .filter((file) => !file.includes('/toxics/') && !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+)*$/.test(file.split('/').at(-1)!))
    .map((file) => `${file}: write it like-this.ts`),
}

const nondeterminism: Rule = {
  name: 'time, chance and the network enter through ports',
  breaches: (files) => sources(files)
    .filter(([file]) => !isTest(file) && !adapters.some((pattern) => pattern.test(file)))
    .flatMap(([file, text]) => {
      const code = codeOf(text)
      return ports.filter(([pattern]) => pattern.test(code)).map(([pattern, instead]) => `${file} has ${pattern.exec(code)![0]}: use ${instead}`)
    }),
}

const environment: Rule = {
  name: 'the environment is read in scripts only',
  breaches: (files) => sources(files)
    // PATH is where tools are; whatever starts a process hands the rest on without looking at it.
    .filter(([file, text]) => !file.startsWith('scripts/') && !isTest(file) && /process\.env\b(?!\.PATH\b)/.test(codeOf(text).replaceAll('...process.env', '')))
    .map(([file]) => `${file} reads process.env: take it as a parameter, and read it in scripts/environment.ts`),
}

const openings: Rule = {
  name: 'every file says at its head what it is',
  breaches: (files) => sources(files).filter(([, text]) => !/^(#!.*\n)?(\/\/|\/\*\*) ?\S/.test(text)).map(([file]) => `${file}: begin with a comment, what it is and why it is so`),
}

const errorCodes: Rule = {
  name: 'every error code is in the map of its room, and none there is dead',
  breaches(files) {
    const all = sources(files)
    const maps = all.filter(([file]) => /^[a-z]+\/errors\.ts$/.test(file))
    const documented = maps.flatMap(([file, text]) => [...text.matchAll(/^ {2}(RGT_[A-Z0-9_]+):/gm)].map(([, code]) => ({ file, code })))
    const known = new Set(documented.map(({ code }) => code))
    const used = all.filter(([file]) => !isTest(file)).flatMap(([file, text]) => {
      // In a map a code is a key; what is thrown beside it stands in quotes.
      return [...text.matchAll(/(['"`])(RGT_[A-Z0-9_]+)/g)].map(([, , code]) => ({ file, code }))
    })
    return [
      ...used.filter(({ code }) => !known.has(code)).map(({ file, code }) => `${file} has ${code}: document it in the errors.ts of its room`),
      ...documented.filter(({ code }) => !used.some((use) => use.code === code)).map(({ file, code }) => `${file} documents ${code}, which nothing throws`),
    ]
  },
}

const wholeSuites: Rule = {
  name: 'no test is left alone, and no skip is without a reason',
  breaches: (files) => sources(files).filter(([file]) => isTest(file)).flatMap(([file, text]) => {
    const found = /\b(?:it|test|describe)\.(?:only|todo)\s*\(|\b(?:it|test|describe)\.skip\s*\(\s*['"]|\b(?:xit|xdescribe|fit|fdescribe)\s*\(|\.skip\(\s*\)/.exec(codeOf(text))
    return found === null ? [] : [`${file} has ${found[0]}: use context.skip(condition, 'reason'), or a name that tells the reason found`]
  }),
}

const registries: Rule = {
  name: 'kind name = file name = registry key',
  breaches: (files) => ['scenarios/faults', 'topologies/tools', 'gateway/drivers', 'scripts/commands']
    .flatMap((folder) => keysOf(folder, files.get(`${folder}/index.ts`) ?? '')
      .filter((key) => !files.has(`${folder}/${key}.ts`))
      .map((key) => `${folder}/index.ts has ${key}: its file must be ${folder}/${key}.ts`)),
}

/** Keys of the map that an index exports; the list of commands is a list of imports. */
function keysOf(folder: string, text: string): string[] {
  if (folder === 'scripts/commands') return [...text.matchAll(/import \{ (\w+)Command \}/g)].map(([, name]) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`))
  const map = /export const \w+ = \{([^}]*)\}/.exec(text)?.[1] ?? ''
  return map.split(',').map((entry) => entry.trim().split(':')[0].replaceAll(/'/g, '')).filter((key) => key !== '')
}

const guides: Rule = {
  name: 'each room has a README that ends with "Add one"',
  breaches: (files) => rooms.flatMap((room) => {
    const text = files.get(`${room}/README.md`)
    if (text === undefined) return [`${room}/README.md is missing`]
    return text.match(/^## .*$/gm)?.at(-1) === '## Add one' ? [] : [`${room}/README.md: its last section must be "## Add one"`]
  }),
}

const links: Rule = {
  name: 'links between pages, and the files that a guide names, lead somewhere',
  breaches: (files) => [...files].filter(([file]) => file.endsWith('.md')).flatMap(([file, text]) => {
    const there = (target: string): boolean => {
      // `faults/NAME.ts` stands for any file of that folder.
      const path = normalize(target).replace(/\/[A-Z]+\.[a-z]+$|\/$/, '')
      return path === '.' || files.has(path) || [...files.keys()].some((name) => name.startsWith(`${path}/`))
    }
    const targets = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)].map(([, target]) => target)
    const named = [...text.matchAll(/`((?:gateway|topologies|scenarios|reports|scripts|docs|schemas)\/[\w./-]+\.(?:ts|mjs|md|json|yaml))`/g)].map(([, target]) => target)
    return [
      ...targets.filter((target) => !there(join(dirname(file), target))).map((target) => `${file} links to ${target}, which is not there`),
      ...named.filter((target) => !there(target)).map((target) => `${file} names ${target}, which is not there`),
    ]
  }),
}

const ownMachine: Rule = {
  name: 'nothing tells of the machine or the talk it was made on',
  breaches: (files) => [...files].filter(([file]) => !file.startsWith('scripts/tidy')).flatMap(([file, text]) => {
    const found = /(?<![\w.])\/(?:work|home|Users|root)\/[\w.-]+/.exec(text)
    return found === null ? [] : [`${file} has ${found[0]}: name a path inside the project, or none`]
  }),
}

export const rules: readonly Rule[] = [
  importsOneWay, names, kebab, nondeterminism, environment, openings, errorCodes, wholeSuites, registries, guides, links, ownMachine,
]
