// Tries that the lock file is whole: `npm ci` refuses one that lacks an optional package of any platform, and a lock
// without the address of a registry installs from whichever one a machine uses.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { projectRoot } from './environment.ts'

interface Entry { version?: string; resolved?: string; optionalDependencies?: Record<string, string> }

const { packages } = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as { packages: Record<string, Entry> }

describe('package-lock.json', () => {
  it('has every optional package of every platform, so that `npm ci` works from nothing', () => {
    const locked = Object.keys(packages)
    const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) => Object.keys(optionalDependencies)
      .filter((name) => !locked.some((key) => key.endsWith(`node_modules/${name}`)))
      .map((name) => `${path} wants ${name}`))
    expect(missing).toEqual([])
  })

  it('names no registry', () => {
    expect(Object.entries(packages).filter(([, { resolved }]) => resolved?.includes('://')).map(([path]) => path)).toEqual([])
  })
})
