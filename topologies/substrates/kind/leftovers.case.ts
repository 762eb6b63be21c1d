// A folder of claims of a test's own, so that tests and runs beside it do not sweep each other. To be imported first:
// where claims lie is decided when ownership.ts is loaded.

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const home = mkdtempSync(join(tmpdir(), 'regatta-claims-'))
process.env.TMPDIR = home
