// A command that is not what it says: it notes how it was called and answers as a test tells it, so that what a real
// daemon or kind does once a year is tried each time. A script of the shell, because it is called often.

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Answer {
  /** The arguments, joined by spaces, with `*` for anything; the first that matches answers, and none answers with silence. */
  when: string
  stdout?: string
  stderr?: string
  code?: number
  /** Only to the first call that matches. */
  once?: boolean
  /** It never ends by itself; whoever looks for it finds the command's folder in its arguments. */
  hangs?: boolean
  /** A line of the shell that is run before it answers; `$FOLDER` is the command's own, for what it is to remember. */
  does?: string
}

const variables = ['PATH', 'DOCKER_HOST', 'DOCKER_BUILDKIT', 'KIND_EXPERIMENTAL_DOCKER_NETWORK'] as const
export interface FakeCall { args: string[]; env: Record<(typeof variables)[number], string> }
export interface FakeCommand { path: string; folder: string; calls(): FakeCall[] }

const folders: string[] = []
/** Separate arguments, and calls. */
const [unit, record] = ['\u001f', '\u001e']

export function fakeCommand(name: string, answers: readonly Answer[]): FakeCommand {
  const folder = mkdtempSync(join(tmpdir(), 'regatta-fake-'))
  folders.push(folder)
  const log = join(folder, 'calls')
  const path = join(folder, name)
  const answer = ({ when, stdout = '', stderr = '', code = 0, once, hangs, does }: Answer, index: number): string => {
    const [out, err, mark] = ['out', 'err', 'answered'].map((what) => join(folder, `${what}-${index}`))
    writeFileSync(out, stdout)
    writeFileSync(err, stderr)
    const pattern = when.split('*').map((part) => (part === '' ? '' : `'${part}'`)).join('*')
    return `case "$*" in ${pattern}) if [ ! -e ${mark} ]; then ${once ? `touch ${mark}; ` : ''}${does === undefined ? '' : `FOLDER=${folder}; ${does}; `}cat ${out}; cat ${err} >&2; ${hangs ? `exec tail -n 0 -f ${out}` : `exit ${code}`}; fi;; esac`
  }
  writeFileSync(path, [
    '#!/bin/sh',
    `{ printf '%s${unit}' "$@"; printf '${record}'; printf '%s${unit}' ${variables.map((variable) => `"$${variable}"`).join(' ')}; printf '${record}'; } >> ${log}`,
    ...answers.map(answer), '',
  ].join('\n'))
  chmodSync(path, 0o755)
  return {
    path, folder,
    calls() {
      const written = existsSync(log) ? readFileSync(log, 'utf8').split(record).slice(0, -1).map((part) => part.split(unit).slice(0, -1)) : []
      return Array.from({ length: written.length / 2 }, (_, index): FakeCall => ({
        args: written[index * 2], env: Object.fromEntries(variables.map((variable, at) => [variable, written[index * 2 + 1][at]])) as FakeCall['env'],
      }))
    },
  }
}

export function removeFakes(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
}
