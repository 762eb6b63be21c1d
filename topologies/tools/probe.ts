// Which version a file is, by asking it. A file that cannot be run or says nothing is not the tool.

import { accessSync, constants, statSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { CommandFailure, runCommand } from './command.ts'
import { isOlder, type Tool } from './tool.ts'

const answerWithinMs = 10_000

export type Probed =
  | { version: string }
  /** `kind` tells an old version from a file that is not the tool. */
  | { problem: string; kind: 'version' | 'unusable' }

export async function probe(tool: Tool, path: string, signal?: AbortSignal): Promise<Probed> {
  if (!isExecutable(path)) return { problem: `${path} is not an executable file`, kind: 'unusable' }
  let said: string
  try {
    said = (await runCommand(path, tool.probe.args, { timeoutMs: answerWithinMs, signal })).output
  } catch (error) {
    if (!(error instanceof CommandFailure)) throw error
    return { problem: error.message, kind: 'unusable' }
  }
  const version = tool.probe.pattern.exec(said)?.[1] ?? await goModuleVersion(tool, path)
  if (version === null) {
    return { problem: `${path} ${tool.probe.args.join(' ')} says no version: ${said.trim().slice(0, 120)}`, kind: 'unusable' }
  }
  if (tool.minimum !== null && isOlder(version, tool.minimum)) {
    return { problem: `${path} is version ${version}; ${tool.minimum} or newer is needed`, kind: 'version' }
  }
  return { version }
}

/** The Go linker writes `mod<TAB>module<TAB>version` into every binary (runtime/debug.BuildInfo). */
async function goModuleVersion(tool: Tool, path: string): Promise<string | null> {
  if (tool.probe.goModule === undefined) return null
  const file = await readFile(path)
  const mark = `mod\t${tool.probe.goModule}\tv`
  const at = file.indexOf(mark)
  if (at === -1) return null
  return /^\d+\.\d+\.\d+/.exec(file.subarray(at + mark.length, at + mark.length + 32).toString('latin1'))?.[0] ?? null
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Every executable of that name in a PATH, in order. */
export function inPath(binary: string, path: string): string[] {
  return path.split(delimiter).filter((folder) => folder !== '').map((folder) => join(folder, binary)).filter(isExecutable)
}
